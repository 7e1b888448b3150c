"""What a check owes is started once, whoever dies in between."""

from dataclasses import replace

import pytest
from prefect import flow
from prefect.client.orchestration import get_client

from registry.ledger.ledger import Ledger
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.server import deployment_name
from tasks.watch.acting.delivering import deliver, pay, settle_owed

DRIFT = CheckRecord("photos", 2, "w1", suspect=True, outcome="retrain", reason="drift: mmd 0.5 above 0.1")


@flow(name="retrain")
def retrain(domain: str, reason: str = "asked for", check: str = "") -> str:
    """Stands where the real flow stands; these tests run nothing."""
    return domain + reason + check


@pytest.fixture
def deployed(project, prefect_api):
    """The deployment of the domain on a real Prefect server."""
    identity = retrain.to_deployment(deployment_name("photos"), parameters={"domain": "photos"}).apply()
    yield identity
    with get_client(sync_client=True) as client:
        client.delete_deployment(identity)


def owed(**changes: object) -> CheckRecord:
    """A check that owes something."""
    checks = Checks(load_settings().ledger)
    newest = checks.newest("photos", 1)
    return checks.add(replace(DRIFT, **changes), newest[0].key if newest else "")


def runs(deployment) -> list:
    """The runs of a deployment."""
    with get_client(sync_client=True) as client:
        return [run for run in client.read_flow_runs() if run.deployment_id == deployment]


def test_deliver__retrain(deployed):
    """A run of the deployment with the reason; asked again, nothing more."""
    owed()
    (what,) = deliver.fn("photos")
    (run,) = runs(deployed)
    assert what == f"retrain, run {run.name}"
    check = Checks(load_settings().ledger).newest("photos", 1)[0]
    assert run.parameters == {"domain": "photos", "reason": DRIFT.reason, "check": check.key}
    assert check.delivery == what
    assert deliver.fn("photos") == []


def test_pay__died_before_it_was_written(deployed):
    """Whoever pays once more what another one had started gets the same run."""
    check = owed()
    assert pay(check) == pay(check)
    assert len(runs(deployed)) == 1


@pytest.mark.usefixtures("project", "prefect_api")
def test_deliver__nobody_would_run_it(monkeypatch):
    """Without deployment or server it is owed still, and said so."""
    owed()
    for _ in range(2):
        (what,) = deliver.fn("photos")
        assert what == "no retrain is started, as no server runs: `regraft up` will, or `regraft retrain photos`"
        monkeypatch.setenv("REGRAFT_TEMPORARY_SERVER", "1")
    assert len(Checks(load_settings().ledger).owed("photos")) == 1


@pytest.mark.usefixtures("project")
def test_settle_owed__by_hand():
    """A retrain that begins is what was asked for; a rollback is not."""
    owed(), owed(outcome="rollback")
    settle_owed("photos", "abc")
    first, second = Checks(load_settings().ledger).newest("photos", 2)
    assert (first.delivery, second.delivery) == ("retrain, run abc", "")


def test_deliver__rollback(promoted, prefect_api):
    """The champion that was checked goes into quarantine, once."""
    owed(outcome="rollback", reason="v2 is worse than v1: back to v1")
    assert deliver.fn("photos") == ["rolled back to v1"]
    last = Ledger(load_settings().ledger).entries("photos")[-1]
    assert (last.action, last.to_version, last.reason) == ("rollback", 1, "monitor: v2 is worse than v1: back to v1")
    assert deliver.fn("photos") == []


def test_pay__rollback_of_another_champion(promoted, prefect_api):
    """What was checked is not in production any more: nothing is done, and nothing owed."""
    check = owed(outcome="rollback")
    assert pay(check) == "rolled back to v1"
    assert pay(check) == "no rollback: v1 is in production by now"
    late = owed(outcome="rollback", version=1)
    assert pay(late).startswith("no rollback: 'photos' has no earlier version")
    assert Checks(load_settings().ledger).owed("photos") == []
    assert len(Ledger(load_settings().ledger).entries("photos")) == 3
