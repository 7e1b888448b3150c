"""The gate promotes on evidence only."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.calibration import calibration_error
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decide import decide, samples_digest
from registry.gate.decision import Decision, Measured
from registry.gate.spending import Turn


def model(
    skill: float, *, seed: int, samples: int = 240, data: int = 0, poly_skill: float | None = None, size: int = 1
) -> Predictions:
    """A binary model: clearer signal with more `skill`, noise of its own by `seed`, on the samples of `data`.

    Half of the samples are poly; groups have `size` samples that share the model's noise.
    """
    shared, own = np.random.default_rng(data), np.random.default_rng([data, seed])
    truth = shared.integers(2, size=samples)
    poly = np.arange(samples) % 2 == 1
    clear = np.where(poly, skill if poly_skill is None else poly_skill, skill)
    noise = np.repeat(own.normal(size=-(-samples // size)), size)[:samples]
    signal = clear * (2 * truth - 1) + 0.5 * shared.normal(size=samples) + noise
    sure = 1 / (1 + np.exp(-signal))
    return Predictions(
        hashes=[f"h{row}" for row in range(samples)],
        truth=truth,
        probabilities=np.stack([1 - sure, sure], axis=1),
        weights=np.ones(samples),
        groups=[f"g{row // size}" for row in range(samples)],
        slices=pd.DataFrame({"cell": np.where(poly, "poly", "mono")}),
        classes=("good", "bad"),
    )


GOOD = Measured(latency_ms=5.0, size_mb=20.0, parity=1e-6, parity_limit=1e-3, card_gaps=())


def judge(
    challenger: Predictions, champion: Predictions | None, *, measured: Measured = GOOD, look: int = 1, **rule: Any
) -> Decision:
    """Runs the gate with few resamples and low floors."""
    config = GateConfig(**({"floor": 0.1, "resamples": 400, "max_ece": 0.9} | rule))
    return decide(challenger, champion, config=config, measured=measured, turn=Turn(use=look, look=look))


def failed(decision: Decision) -> list[str]:
    """Names of the floors that were not met."""
    return [floor.name for floor in decision.floors if not floor.passed]


def test_decide__first_model_needs_floors_only() -> None:
    """Without a champion a good model is promoted, and nothing is compared."""
    decision = judge(model(1.0, seed=1), None, floor=0.7)
    assert decision.outcome == "PROMOTE"
    assert decision.champion is decision.difference is decision.mcnemar_p is decision.samples_needed is None
    assert decision.turn.look is decision.level is None
    assert [floor.name for floor in decision.floors] == [
        "auc, lower bound",
        "calibration error, lower bound",
        "latency in ms",
        "size in MB",
        "difference on the golden batch",
        "missing fields of the model card",
    ]


def test_decide__failed_floor_spends_nothing() -> None:
    """A challenger that fails a floor of its own is compared with no champion, and takes no look at the test set."""
    found = judge(model(1.0, seed=1), model(0.9, seed=2), measured=replace(GOOD, size_mb=10_000.0))
    assert (found.outcome, failed(found)) == ("REJECT", ["size in MB"])
    assert found.difference is found.gain is found.champion is found.level is found.turn.look is None


def test_decide__calibration_counts_by_its_lower_end() -> None:
    """The floor holds what is beyond chance; the estimate, which noise only raises, stands in the note."""
    one = model(1.0, seed=1)
    floor = next(floor for floor in judge(one, None).floors if floor.name.startswith("calibration"))
    error = calibration_error(one, GateConfig(floor=0.1, resamples=400).resampling)
    assert error.low < error.value
    assert (floor.value, floor.note) == (error.low, f"estimate {error.value:.4f}")


def test_decide__class_that_the_champion_cannot_know() -> None:
    """It counts as wrong by accuracy; by log loss only the shared classes are compared. Notes stand first."""
    parts = vars(model(2.0, seed=1)) | {"classes": ("good", "bad", "new")}
    truth = np.where(np.arange(240) < 60, 2, parts["truth"])
    said = np.pad(parts["probabilities"], ((0, 0), (0, 1)))
    champion = Predictions(**(parts | {"truth": truth, "probabilities": said, "unknown": ("new",)}))
    sure = np.where((truth == 2)[:, None], np.array([0.05, 0.05, 0.9]), said)
    challenger = Predictions(**(parts | {"truth": truth, "probabilities": sure}))
    config = GateConfig(floor=0.1, resamples=200, max_ece=0.9, metric="accuracy")
    found = decide(challenger, champion, config=config, measured=GOOD)
    assert found.outcome == "PROMOTE"
    assert found.floors[6].name == "accuracy improvement on the classes that both know, upper bound"
    other = config.model_copy(update={"metric": "log_loss", "floor": 5.0})
    shared = decide(challenger, champion, config=other, measured=GOOD)
    assert shared.difference is not None
    assert shared.difference.value == 0
    assert shared.challenger == shared.champion
    assert (shared.samples, shared.groups, shared.mcnemar_p) == (180, 180, 1.0)
    assert [one.note for one in shared.floors if one.name.startswith("slice")] == ["improvement +0.0000"] * 2


def unknowing(champion: Predictions, challenger: Predictions) -> tuple[Predictions, Predictions]:
    """The same two models where every fourth sample is of a class that the champion has never heard of."""
    truth = np.where(np.arange(240) % 4 == 0, 2, champion.truth)
    pads = [np.pad(one.probabilities, ((0, 0), (0, 1))) for one in (champion, challenger)]
    pads[1][truth == 2] = (0.0, 0.0, 1.0)
    names = {"truth": truth, "classes": ("good", "bad", "new")}
    found = [replace(one, probabilities=pad, **names) for one, pad in zip((champion, challenger), pads, strict=True)]
    return replace(found[0], unknown=("new",)), found[1]


def test_decide__forgotten_classes_behind_a_new_one() -> None:
    """Surely better as a whole, and surely worse on what both know: REJECT, however many comparisons there were."""
    champion, challenger = unknowing(model(3.0, seed=1), model(0.3, seed=2))
    for look in (1, 10):
        found = judge(challenger, champion, metric="accuracy", look=look)
        assert found.outcome == "REJECT"
        assert "improvement on the classes that both know" in found.reasons[0]


def test_decide__harm_to_shared_classes_not_ruled_out() -> None:
    """Surely better as a whole, and neither surely worse nor surely as good on what both know: HOLD."""
    champion, challenger = unknowing(model(2.0, seed=1), model(1.2, seed=2))
    found = judge(challenger, champion, metric="accuracy", slice_margin=0.1)
    assert found.difference is not None
    assert found.difference.low > 0
    assert found.outcome == "HOLD"
    assert found.reasons[0].startswith(
        "harm on the classes that both know is not ruled out: accuracy improves there by"
    )
    assert found.samples_needed == 180  # so many would have cleared an equal one
    assert "gate.slice_margin" in found.reasons[1]  # the margin that would change it, and no other
    assert "non_inferiority" not in found.reasons[1]
    assert judge(challenger, champion, metric="accuracy", slice_margin=0.2).outcome == "PROMOTE"


def test_decide__shared_classes_of_one_group() -> None:
    """Where harm cannot be judged the page says so."""
    champion, challenger = unknowing(model(3.0, seed=1), model(3.0, seed=2))
    groups = [f"g{row}" if label == 2 else "one" for row, label in enumerate(champion.truth)]
    pair = (replace(one, groups=groups) for one in (challenger, champion))
    assert "was not judged: 1 group" in " ".join(judge(*pair, metric="accuracy").notes)


def test_decide__first_model_below_the_floor() -> None:
    """The lower bound counts: an estimate above the floor is not enough."""
    challenger = model(0.5, seed=1, samples=80)
    value = judge(challenger, None).challenger.value
    decision = judge(challenger, None, floor=value - 0.01)
    assert decision.outcome == "REJECT"
    assert failed(decision) == ["auc, lower bound"]


def test_decide__clear_improvement() -> None:
    """A clearly better challenger is promoted."""
    decision = judge(model(1.6, seed=2), model(0.6, seed=1))
    assert decision.outcome == "PROMOTE"
    assert decision.difference is not None
    assert decision.difference.low > 0
    assert decision.reasons[0].startswith("better: auc improves by +0.")
    assert decision.better


def test_decide__clear_harm() -> None:
    """A clearly worse challenger is rejected, although it meets the floor."""
    decision = judge(model(0.6, seed=2), model(1.6, seed=1), slice_margin=1.0)
    assert decision.outcome == "REJECT"
    assert failed(decision) == []
    assert decision.reasons[0].startswith("worse by more than 0.02: auc improves by -0.")


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_decide__losses_are_turned(metric: str) -> None:
    """For a loss, less is an improvement, and the floor is an upper limit."""
    better, worse = model(1.6, seed=2), model(0.6, seed=1)
    assert judge(better, worse, metric=metric, floor=1.0).outcome == "PROMOTE"
    assert judge(worse, better, metric=metric, floor=1.0).outcome == "REJECT"
    assert failed(judge(better, worse, metric=metric, floor=0.01)) == [f"{metric}, upper bound"]


def test_decide__too_little_evidence_asks_for_samples() -> None:
    """A small difference on few samples is left open, with the number of samples that would settle it."""
    decision = judge(model(1.0, seed=1, samples=400), model(1.0, seed=2, samples=400), slice_margin=1.0)
    assert decision.outcome == "HOLD"
    assert decision.samples_needed is not None
    assert 400 < decision.samples_needed < 4000
    assert f"about {decision.samples_needed} samples" in decision.reasons[0]
    assert decision.reasons[1] == (
        "what you can do: label more samples, of which data.split.test goes to the test set; say how large a loss your "
        "use bears in gate.non_inferiority of the domain's YAML (now 0.02); or wait: the champion goes on serving"
    )


def test_decide__evidence_out_of_reach() -> None:
    """Nobody is asked for thousands of samples where there are sixty: not by number, nor as a way out."""
    pair = model(1.0, seed=1, samples=60), model(1.0, seed=2, samples=60)
    decision = judge(*pair, slice_margin=1.0)
    assert decision.outcome == "PROVISIONAL"
    assert decision.samples_needed is not None
    assert decision.samples_needed > 600
    assert decision.reasons[0].endswith("even 10 times the 60 samples that there are would not settle it")
    assert decision.reasons[1].startswith("what you can do: say how large a loss your use bears")
    assert judge(*reversed(pair), slice_margin=1.0).outcome == "HOLD"


def test_decide__slice_much_worse() -> None:
    """Better on the whole but ruined for poly cells is rejected, and the slice is named."""
    challenger, champion = model(3.0, seed=2, poly_skill=0.1), model(0.9, seed=1)
    decision = judge(challenger, champion)
    assert decision.outcome == "REJECT"
    assert failed(decision) == ["slice cell=poly, p of auc at most 0.05 worse (Holm)"]
    assert "cell=poly" in decision.reasons[0]
    assert judge(challenger, champion, slice_margin=1.0).outcome != "REJECT"


def test_decide__latency_and_size() -> None:
    """A better model that is too slow or too large is rejected with both reasons."""
    slow = replace(GOOD, latency_ms=30.0)
    decision = judge(model(1.6, seed=2), model(0.6, seed=1), measured=slow, max_latency_ms=20.0, max_size_mb=10.0)
    assert decision.outcome == "REJECT"
    assert decision.reasons == (
        "latency in ms is 30, at most 20 is required",
        "size in MB is 20, at most 10 is required",
    )


def test_decide__package_that_is_not_in_order() -> None:
    """A package that differs from its network, or whose card has gaps, is rejected; the fields are named."""
    wrong = replace(GOOD, parity=0.01, card_gaps=("license", "energy"))
    decision = judge(model(1.0, seed=1), None, measured=wrong)
    assert decision.reasons == (
        "difference on the golden batch is 0.01, at most 0.001 is required",
        "missing fields of the model card is 2, at most 0 is required (license, energy)",
    )


def test_decide__badly_calibrated() -> None:
    """Sure of everything and right in three of four is rejected, though the ranking is good."""
    parts = vars(model(1.0, seed=1))
    sure = (parts["probabilities"] > 0.5) * 0.98 + 0.01
    decision = judge(Predictions(**(parts | {"probabilities": sure})), None, max_ece=0.05)
    assert failed(decision) == ["calibration error, lower bound"]


def test_decide__later_looks_need_clearer_evidence() -> None:
    """What the first comparison promotes, the tenth on the same test set holds; from the seventh on it warns."""
    better, worse = model(1.5, seed=2), model(1.2, seed=1)
    first, sixth, last = (judge(better, worse, look=look, score="metric", non_inferiority=0.0) for look in (1, 6, 10))
    assert (first.outcome, first.level, last.outcome) == ("PROMOTE", 0.95, "PROVISIONAL")
    assert last.level == pytest.approx(1 - 0.1 / 110)
    assert first.difference is not None
    assert last.difference is not None
    assert last.difference.low < first.difference.low
    assert sixth.notes == ()
    assert "the comparisons on this test set tell as much as 10.0 of 10 unrelated ones" in last.notes[0]


def test_decide__spent_test_set() -> None:
    """After the last comparison even a perfect model is held, with the remedy; a failed floor still rejects."""
    decision = judge(model(9.0, seed=2), model(0.3, seed=1), look=11)
    assert decision.outcome == "HOLD"
    used = "comparison 11 on one test set; all of them tell as much as 11.0 unrelated ones, gate.looks allows 10"
    assert used in decision.reasons[0]
    assert "regraft split refresh" in decision.reasons[0]
    assert judge(model(9.0, seed=2), model(0.3, seed=1), look=11, max_size_mb=1.0).outcome == "REJECT"


def test_samples_digest__names_samples_and_labels() -> None:
    """Other models give the same name; another label, or a sample less, gives another."""
    first, parts = model(1.0, seed=1), vars(model(1.0, seed=2))
    corrected = Predictions(**(parts | {"truth": 1 - parts["truth"]}))
    assert samples_digest(first) == samples_digest(Predictions(**parts))
    assert len({samples_digest(first), samples_digest(corrected), samples_digest(first.take(np.arange(239)))}) == 3


def test_decide__correlated_groups_widen_the_interval() -> None:
    """What looks certain row by row is not, once rows of a group are known to go together."""
    grouped = judge(model(1.0, seed=2, size=12), model(1.0, seed=1, size=12)).difference
    parts = [vars(model(1.0, seed=seed, size=12)) for seed in (2, 1)]
    rows = [Predictions(**(part | {"groups": part["hashes"]})) for part in parts]
    single = judge(*rows).difference
    assert grouped is not None
    assert single is not None
    assert grouped.high - grouped.low > 1.5 * (single.high - single.low)


@pytest.mark.long
@pytest.mark.parametrize("size", [1, 8])
def test_decide__equal_models_are_seldom_promoted(size: int) -> None:
    """Of 120 pairs of equal skill about 2.5% are promoted by chance, with 15 groups as with single rows.

    Without a margin: with one, a model that is as good may be promoted, too, which is no error.
    9 is what a rate of 2.5% exceeds in one of 1,000 such runs; seeds are fixed. `bench.gate.rates` judges thousands.
    """
    promoted = 0
    for data in range(120):
        pair = [model(1.0, seed=seed, samples=120, data=data, size=size) for seed in (1, 2)]
        promoted += judge(*pair, resamples=200, slice_margin=1.0, non_inferiority=0.0).outcome == "PROMOTE"
    assert promoted <= 9
