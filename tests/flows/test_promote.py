"""A promotion that needs a person's agreement waits without blocking the domain, and is written with the answer."""

import json
import threading
import time
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

from data.stores.locks import domain_lock
from flows.promote import promote, promote_approved
from registry.gate.config import ApprovalConfig
from registry.ledger.ledger import Ledger
from registry.store.verdicts import Verdict
from settings.machine import load_settings
from tasks.judging import approval
from tasks.judging.evaluate import Contestant, evaluate
from tasks.judging.gate import Rivals, gate
from tasks.judging.promote import Promotion, read_verdict

DEMAND = ApprovalConfig(approvers=("Ada",), hours=0.05)


@pytest.fixture
def passed(registered, plan, prefect_api) -> Verdict:
    """The verdict about a first version that the gate let pass, and the domain's YAML by which it did."""
    yaml = plan.domain.model_dump_json(exclude={"name", "root"}, exclude_defaults=True)
    (plan.domain.root / "domains" / "photos.yaml").write_text(yaml)
    gate(plan, Rivals(evaluate(plan, Contestant(registered(), "challenger"))))
    return read_verdict.fn("photos", 1)


def test_promote__during_a_retrain(passed, busy):
    """A retrain of the domain holds its lock, and the promotion is written at once."""
    assert promote("photos", 1).champion == Ledger(load_settings().ledger).champion("photos") == 1


def test_promote__stands_already(passed):
    """What is in production is said to be so, in place of the reason for which it once came there."""
    promote("photos", 1)
    found = promote("photos", 1)
    assert (found.outcome, found.champion, found.reasons) == ("UNCHANGED", 1, ("v1 is in production already",))
    assert len(Ledger(load_settings().ledger).entries("photos")) == 1


def test_promote_approved__free_while_waiting(passed, monkeypatch):
    """While the flow waits another one may hold the domain; who agreed, and why, is in the ledger."""
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)
    told, locked = [], []

    @flow(name="approving")
    def approving() -> Promotion:
        """Says which flow run it is, and goes on to the promotion."""
        told.append(UUID(str(flow_run.id)))
        return promote_approved(passed, DEMAND, "asked for")

    def approve() -> None:
        deadline = time.monotonic() + 60
        with get_client(sync_client=True) as client:
            while not told or client.read_flow_run(told[0]).state.type != StateType.PAUSED:
                assert time.monotonic() < deadline, "the flow never paused"
                time.sleep(0.1)
            with domain_lock(load_settings().home, "photos", "monitor"):
                locked.append("photos")
            client.resume_flow_run(told[0], run_input={"approve": True, "approver": "Ada", "comment": "fine"})

    person = threading.Thread(target=approve)
    person.start()
    found = approving()
    person.join()
    assert (found.outcome, found.champion, locked) == ("PROMOTE", 1, ["photos"])
    (entry,) = Ledger(load_settings().ledger).entries("photos")
    kept = json.loads(entry.approval)
    assert (kept["approver"], kept["comment"]) == ("Ada", "fine")
