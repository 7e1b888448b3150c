"""A domain at a glance, before and after its first version."""

import pytest

from flows.shown.status import domain_status
from registry.ledger.ledger import Change, Ledger
from registry.ledger.uses import Use, Uses
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.store.client import mlflow_client
from registry.store.models import tag_version
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.events import tell_check
from tasks.judging.promote import find_target


def promote(expected: int | None, to: int) -> None:
    """Writes a promotion of digits."""
    Ledger(load_settings().ledger).append(
        Change(
            "photos",
            action="promote",
            expected=expected,
            to=to,
            actor="me",
            reason="r",
            evidence="",
            dataset_version="d",
        )
    )


@pytest.mark.usefixtures("tracked")
def test_domain_status__nothing_yet():
    """What does not exist is None or empty, and no error."""
    found = domain_status("digits")
    assert (found.champion, found.previous, found.dataset_version, found.last_check) == (None, None, None, None)
    assert (found.versions, found.ledger_entries) == ({}, 0)


def test_domain_status__in_production(registered, project):
    """Champion, previous, every version with its decision, and the newest check."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    registered(recipe="linear_probe"), registered(recipe="full"), registered()
    tag_version("photos", 2, {"decision": "PROMOTE"})
    promote(None, 1), promote(1, 2)
    check = CheckRecord(
        "photos", 2, "w", suspect=True, outcome="retrain", reason="drift: KS above 2", figures='{"trial": "tried"}'
    )
    tell_check(Checks(load_settings().ledger).add(check, ""))
    found = domain_status("photos")
    assert (found.champion, found.previous, found.ledger_entries) == (2, 1, 2)
    assert found.versions == {1: "not judged", 2: "PROMOTE", 3: "not judged"}
    assert found.champion_facts["recipe"] == "full"
    assert (found.last_check["outcome"], found.last_check["reason"]) == ("retrain", "drift: KS above 2")
    assert found.last_check["trial"] == "tried"
    assert [(one["text"], one["remedy"]) for one in found.notices] == [
        ("retrain: drift: KS above 2", "regraft retrain photos")
    ]
    assert found.quarantine == {}


def test_domain_status__quarantine_and_deleted_champion(registered, project):
    """Who rolled a version back, when and why; and that the champion was deleted in MLflow."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    registered(), registered()
    promote(None, 1), promote(1, 2)
    facts = {"actor": "me", "reason": "worse at night", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="rollback", expected=2, to=1, **facts))
    mlflow_client().delete_model_version("photos", "1")
    found = domain_status("photos")
    assert (found.champion, found.previous, list(found.quarantine)) == (1, None, [2])
    assert "worse at night" in found.quarantine[2]
    assert "v1 was deleted in MLflow" in found.champion_facts["fault"]


def test_domain_status__deleted_previous(registered, project):
    """What is shown as previous is what a rollback takes: a version deleted in MLflow is passed over."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    registered(), registered(), registered()
    promote(None, 1), promote(1, 2), promote(2, 3)
    mlflow_client().delete_model_version("photos", "2")
    assert domain_status("photos").previous == find_target.fn("photos", None).to == 1


@pytest.mark.usefixtures("tracked")
def test_domain_status__unknown():
    """A domain that does not exist is named."""
    with pytest.raises(ConfigError, match="'nothere' does not exist"):
        domain_status("nothere")


@pytest.mark.usefixtures("tracked")
def test_domain_status__test_set_uses():
    """Uses of the present test set are counted apart from the comparisons, which the gate limits."""
    uses = Uses(load_settings().ledger)
    for version, champion in ((1, None), (2, 1)):
        uses.take(Use("digits", 0, "a" * 64, "accuracy", version, champion, "me"))
    assert domain_status("digits").test_set == {
        "generation": 0, "uses": 2, "comparisons": 1, "comparisons allowed": 10
    }  # fmt: skip
