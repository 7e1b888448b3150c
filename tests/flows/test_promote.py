"""A promotion that needs a person's agreement waits without blocking the domain, and is written with the answer."""

import json
import threading
import time
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

import flows.promote as module
from data.stores.locks import domain_lock
from evaluation.predictions.predictions import Predictions
from flows.promote import promote_approved
from registry.gate.config import ApprovalConfig, GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Measured
from registry.ledger.ledger import Ledger
from settings.machine import load_settings
from tasks import approval
from tasks.evaluate import Verdict
from tasks.promote import Promotion

DEMAND = ApprovalConfig(approvers=("Ada",), hours=0.05)


@pytest.fixture
def passed() -> Verdict:
    """The verdict about a first version that the gate let pass."""
    truth = np.arange(40) % 2
    predictions = Predictions(
        hashes=[f"{number}" for number in range(40)],
        truth=truth,
        probabilities=np.eye(2)[truth] * 0.8 + 0.1,
        weights=np.ones(40),
        groups=[f"{number}" for number in range(40)],
        slices=pd.DataFrame(index=range(40)),
        classes=("dark", "light"),
    )
    measured = Measured(latency_ms=1, size_mb=1, parity=0, parity_limit=1e-3, card_gaps=())
    rule = GateConfig(metric="accuracy", floor=0.5, resamples=100)
    return Verdict("photos", 1, None, "d", decide(predictions, None, config=rule, measured=measured))


def test_promote__during_a_retrain(registered, busy, passed, prefect_api, monkeypatch):
    """A retrain of the domain holds its lock, and the promotion is written at once."""
    registered()
    monkeypatch.setattr(module, "read_verdict", lambda domain, version: passed)
    assert module.promote("photos", 1).champion == Ledger(load_settings().ledger).champion("photos") == 1


def test_promote_approved__free_while_waiting(registered, prefect_api, passed, monkeypatch):
    """While the flow waits another one may hold the domain; who agreed, and why, is in the ledger."""
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)
    registered()
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
