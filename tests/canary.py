"""A domain with a canary, for tests of several rooms."""

import json
from collections.abc import Callable

import pytest

from evaluation.inference.interval import Interval
from registry.gate.config import ApprovalConfig, CanaryConfig, GateConfig
from registry.gate.decision import Decision
from registry.gate.spending import Turn
from registry.ledger.canaries import begin_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Change, Ledger
from registry.store.models import DECISION_RUN, model_version, tag_version
from registry.store.tracking import log_json
from settings.machine import load_settings


def write(expected: int | None, to: int) -> None:
    """Puts a version into production."""
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=expected, to=to, **facts))


def decided(approval: ApprovalConfig | None = None) -> Decision:
    """PROVISIONAL, with a canary that answers half of the callers."""
    found = Interval(0.9, 0.8, 0.95)
    rule = GateConfig(
        metric="accuracy", floor=0.5, canary=CanaryConfig(shares=(0.5,)), approval=approval, total_margin=1.0
    )
    return Decision(
        outcome="PROVISIONAL", reasons=("neither",), metric="accuracy", challenger=found, margin=0.05, samples=60,
        groups=60, floors=(), test_set="t", turn=Turn(), config=rule,
    )  # fmt: skip


@pytest.fixture
def canary(registered) -> Callable[..., None]:
    """Puts v1 into production and makes v2 its canary."""

    def make(approval: ApprovalConfig | None = None) -> None:
        registered(), registered()
        write(None, 1)
        run = model_version("photos", 2).run_id
        found = {"champion": 1, "dataset_version": "d", "decision": decided(approval).model_dump(mode="json")}
        log_json(run, "decision.json", json.dumps(found))
        tag_version("photos", 2, {DECISION_RUN: run, "decision": "PROVISIONAL"})
        begin_canary(Events(load_settings().ledger), "photos", 2)

    return make
