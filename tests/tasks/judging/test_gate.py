"""The gate's decisions are recorded, its looks at a test set are counted, and the latest decision counts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.predictions import Predictions
from evaluation.predictions.storage import write_predictions
from registry.errors import GateError
from registry.gate.decision import Measured
from registry.ledger.uses import Use, Uses
from registry.store.models import describe_versions
from registry.store.tracking import start_run
from settings.machine import load_settings
from tasks.judging.evaluate import Contestant, Judged, evaluate
from tasks.judging.gate import Rivals, gate
from tasks.judging.promote import read_verdict
from tasks.plan import Plan


@pytest.fixture
def judged(registered: Callable[..., int], prefect_api: str, tmp_path: Path) -> Callable[..., Judged]:
    """Registers a version and files predictions of it on the same 60 samples, of which it gets a share right."""

    def make(share: float, classes: tuple[str, ...] = ("dark", "light")) -> Judged:
        version, truth = registered(), np.arange(60) % 2
        likely = np.where(np.arange(60) < 60 * share, truth, 1 - truth)
        predictions = Predictions(
            hashes=[f"{number}" for number in range(60)],
            truth=truth,
            probabilities=np.eye(2)[likely] * 0.8 + 0.1,
            weights=np.ones(60),
            groups=[f"{number}" for number in range(60)],
            slices=pd.DataFrame(index=range(60)),
            classes=classes,
        )
        path = tmp_path / f"v{version}.parquet"
        write_predictions(path, predictions)
        measured = Measured(latency_ms=1, size_mb=1, parity=0, parity_limit=1e-3, card_gaps=())
        return Judged("photos", version, path, measured, start_run("photos", "judged", {}))

    return make


def uses(generation: int = 0) -> list[Use]:
    """What is on record of the test set."""
    return Uses(load_settings().ledger).of("photos", generation)


def ruled(plan: Plan, **changes: object) -> Plan:
    """The same plan under another rule."""
    rule = plan.domain.gate.model_copy(update=changes)
    return replace(plan, domain=plan.domain.model_copy(update={"gate": rule}))


def test_gate__decision_is_recorded(judged, plan):
    """The decision comes back with the same evidence, and the registry's list shows its outcome."""
    verdict = gate(plan, Rivals(judged(0.9), None))
    assert read_verdict.fn("photos", 1) == verdict
    assert verdict.dataset_version == plan.prepared.version
    assert verdict.decision.outcome == describe_versions("photos")[1]["decision"] == "PROMOTE"
    assert [(use.purpose, use.outcome, use.test_set) for use in uses()] == [
        ("evaluate", "PROMOTE", verdict.decision.test_set)
    ]


def test_gate__latest_decision_counts(judged, plan):
    """A version that was let pass once and is rejected under a stricter rule is not promoted on the old evidence."""
    challenger = judged(0.9)
    for floor, outcome in [(0.5, "PROMOTE"), (1.5, "REJECT")]:
        gate(ruled(plan, floor=floor), Rivals(challenger, None))
        assert read_verdict.fn("photos", 1).decision.outcome == outcome


def test_gate__comparisons_are_counted(judged, plan):
    """Every challenger is a further look at a stricter level; the same comparison again decides and spends the same."""
    champion = judged(0.7)
    second, third = judged(0.9), judged(0.95)
    found = [gate(plan, Rivals(one, champion)).decision for one in (second, third, second)]
    assert [one.turn.look for one in found] == [1, 2, 1]
    assert [one.level for one in found] == pytest.approx([0.95, 1 - 0.1 / 6, 0.95])
    assert found[0].sha256 == found[2].sha256
    assert [use.version for use in uses()] == [2, 3]


def test_gate__uses_as_the_docs_say(registered, plan, prefect_api):
    """Each version is judged once and compared once, however often and in whatever role; the first is not compared."""
    first, second = registered(), registered()
    alone = evaluate(plan, Contestant(first, "challenger"))
    gate(plan, Rivals(alone, None))
    for role in ("champion", "challenger"):
        evaluate(plan, Contestant(first, role))
    rival = evaluate(plan, Contestant(second, "challenger"))
    for _ in range(2):
        gate(plan, Rivals(rival, alone))
    assert [(use.version, use.champion, use.look) for use in uses()] == [
        (first, None, None), (first, None, None), (second, None, None), (second, first, 1),
    ]  # fmt: skip


def test_gate__held_to_the_best_version(judged, plan):
    """A successor of the champion's equal that lies below the best version so far is held; it stays the best."""
    best, champion, below = judged(0.9), judged(0.8), judged(0.85)
    record, found = Uses(load_settings().ledger), []
    for one in (None, best):
        verdict = gate(plan, Rivals(below, champion, one))
        found.append((verdict, record.decided("photos", below.version).best))
    (alone, first), (held, second) = found
    assert (first, second) == (champion.version, best.version)
    assert alone.decision.outcome in ("PROMOTE", "PROVISIONAL")
    assert held.decision.outcome == "HOLD"
    assert held.decision.reasons[0].startswith("below v1, the best version so far, by more than gate.total_margin")


def test_gate__better_is_the_new_best(judged, plan):
    """What is surely better, and the first model, are what their successors are held to."""
    worse, better = judged(0.4), judged(0.95)
    record = Uses(load_settings().ledger)
    gate(plan, Rivals(better, worse, worse))
    gate(ruled(plan, floor=0.1), Rivals(worse))
    assert [record.decided("photos", one.version).best for one in (better, worse)] == [None, None]


def test_gate__failed_floor_spends_nothing(judged, plan):
    """Where a floor of the challenger alone fails nothing is compared, and the next comparison is as the first."""
    champion, slow, good = judged(0.7), judged(0.9), judged(0.95)
    slow = replace(slow, measured=replace(slow.measured, latency_ms=1e6))
    stopped = gate(plan, Rivals(slow, champion)).decision
    assert (stopped.outcome, stopped.difference, stopped.turn.look) == ("REJECT", None, None)
    assert gate(plan, Rivals(good, champion)).decision.level == pytest.approx(0.95)
    assert uses()[0].outcome == "FLOOR"


def test_gate__fresh_test_set(judged, plan):
    """After a refresh of the split the next comparison is the first again."""
    champion, challenger = judged(0.7), judged(0.9)
    gate(plan, Rivals(challenger, champion))
    assert gate(plan, Rivals(replace(challenger, generation=1), champion)).decision.turn.look == 1
    assert (len(uses(0)), len(uses(1))) == (1, 1)


def test_gate__no_comparison_spends_nothing(judged, plan):
    """Models of different classes, and a package without a measurement, are refused before the test set is used."""
    champion, other = judged(0.7), judged(0.9, classes=("dark", "bright"))
    with pytest.raises(EvaluationError, match="classes dark, light and dark, bright differ"):
        gate(plan, Rivals(other, champion))
    unmeasured = replace(champion, measured=replace(champion.measured, parity=float("nan")))
    with pytest.raises(GateError, match="parity=nan"):
        gate(plan, Rivals(unmeasured, None))
    assert uses() == []


def out_of_fold(plan: Plan) -> Plan:
    """The plan with a gate that compares on all samples."""
    return ruled(plan, evidence="out_of_fold")


def test_gate__out_of_fold(judged, plan):
    """Where both have such answers they decide, and are what the use is about; looks of all generations count."""
    plan = out_of_fold(plan)
    champion, challenger = (replace(one, out_of_fold=one.predictions) for one in (judged(0.6), judged(0.9)))
    found = gate(plan, Rivals(challenger, champion)).decision
    assert found.config.evidence == "out_of_fold"
    assert "out of fold" in uses()[0].question
    again = replace(judged(0.8), generation=1)
    later = gate(plan, Rivals(replace(again, out_of_fold=again.predictions), champion)).decision
    assert later.turn.told > 1
    alone = gate(ruled(plan, evidence="test"), Rivals(replace(judged(0.7), generation=2), champion)).decision
    assert alone.turn.told == 1


def test_gate__out_of_fold_of_one_only(judged, plan):
    """A champion without such answers is compared on the test set, and the page says why."""
    challenger = replace(judged(0.9), out_of_fold=Path("unread"))
    champion = replace(judged(0.6), tested_only="v2 has no out-of-fold answers: another recipe")
    found = gate(out_of_fold(plan), Rivals(challenger, champion)).decision
    assert found.config.evidence == "test"
    assert found.notes[0] == "v2 has no out-of-fold answers: another recipe; the test set decided alone"
