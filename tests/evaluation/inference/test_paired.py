"""Paired comparisons see a difference that two separate intervals would miss, and none where there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, bootstrap_interval, replicates, standard_error
from evaluation.inference.interval import Interval
from evaluation.inference.paired import improvement, mcnemar_midp, paired_difference, samples_needed
from evaluation.predictions.predictions import Predictions


def model(shift: float, *, samples: int = 300, seed: int = 5, own_noise: float = 0.3) -> Predictions:
    """A model that sees the same noisy signal as its rivals, `shift` clearer, and adds noise of its own."""
    shared, own = np.random.default_rng(0), np.random.default_rng(seed)
    truth = shared.integers(2, size=samples)
    signal = (1 + shift) * (2 * truth - 1) + shared.normal(size=samples) + own_noise * own.normal(size=samples)
    sure = 1 / (1 + np.exp(-signal))
    hashes = [f"h{row}" for row in range(samples)]
    slices = pd.DataFrame(index=range(samples))
    probabilities = np.stack([1 - sure, sure], axis=1)
    return Predictions(hashes, truth, probabilities, np.ones(samples), hashes, slices, ("n", "y"))


def hits(right: list[bool]) -> Predictions:
    """A model that is right exactly where it is said; the truth is always the first class but once."""
    count = len(right)
    truth = np.zeros(count, dtype=np.int64)
    chosen = np.where(right, truth, 1)
    hashes = [str(row) for row in range(count)]
    slices = pd.DataFrame(index=range(count))
    return Predictions(hashes, truth, np.eye(2)[chosen], np.ones(count), hashes, slices, ("n", "y"))


def test_paired_difference__sees_what_separate_intervals_do_not() -> None:
    """Pairing takes out the samples' own difficulty: the difference is clear though the intervals overlap."""
    champion, challenger = model(0.0), model(0.25, seed=6)
    separate = [bootstrap_interval("auc", one, Resampling(seed=0)) for one in (champion, challenger)]
    assert separate[1].low < separate[0].high
    assert paired_difference("auc", champion, challenger, Resampling(seed=0)).low > 0


def test_paired_difference__stretched() -> None:
    """Where the resamples say too little both ends lie so many times as far from the same estimate."""
    pair = model(0.0), model(0.5)
    plain, wide = (paired_difference("auc", *pair, Resampling(seed=0, stretch=times)) for times in (1.0, 1.5))
    assert wide.value == plain.value
    assert wide.low - plain.value == pytest.approx(1.5 * (plain.low - plain.value))
    assert wide.high - plain.value == pytest.approx(1.5 * (plain.high - plain.value))


@pytest.mark.parametrize("metric", ["auc", "log_loss"])
def test_paired_difference__is_challenger_minus_champion(metric: str) -> None:
    """Swapping the two turns the sign and the ends."""
    one, other = model(0.0), model(0.5)
    forth = paired_difference(metric, one, other, Resampling(seed=0))
    back = paired_difference(metric, other, one, Resampling(seed=0))
    assert (forth.value > 0) == (metric == "auc")
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))


@pytest.mark.parametrize("metric", ["auc", "accuracy", "balanced_accuracy", "brier"])
def test_paired_difference__same_model_is_never_surely_equal(metric: str) -> None:
    """Equal predictions differ by nothing in every resample, and yet on samples that were not drawn they may."""
    found = paired_difference(metric, model(0.0), model(0.0), Resampling(seed=0))
    assert found.value == 0
    assert -0.03 < found.low < -0.01 < 0.01 < found.high < 0.03


@pytest.mark.parametrize(("before", "after"), [(0.8, 0.9), (0.83, 0.97), (0.6, 0.61)])
@pytest.mark.parametrize("samples", [5, 20])
def test_improvement__same_on_every_sample(before: float, after: float, samples: int) -> None:
    """Samples that all gain the same, but for rounding, show no spread: there is room for others as in no resample."""
    truth = np.zeros(samples, dtype=np.int64)
    pair = [
        replace(hits([True] * samples), probabilities=np.tile([sure, 1 - sure], (samples, 1)), truth=truth)
        for sure in (before, after)
    ]
    found = improvement("brier", *pair, Resampling(seed=0, resamples=400))
    gain, room = (1 - before) ** 2 - (1 - after) ** 2, 1 - 0.025 ** (1 / samples)
    assert found.value == pytest.approx(gain)
    assert (found.low, found.high) == pytest.approx((gain - room * (2 + gain), gain + room * (2 - gain)))


def test_paired_difference__weights_and_few_groups() -> None:
    """By weight, and at a high level as far out as Student's t of five groups, which no resample is."""
    weights = np.random.default_rng(1).uniform(0.2, 3, 300)
    pair = [replace(one, weights=weights, groups=[f"g{row % 5}" for row in range(300)]) for one in (model(0), model(1))]
    resampling = Resampling(seed=0, resamples=400, level=0.999)
    losses = [(one.probabilities[:, 1] - one.truth) ** 2 for one in pair]
    found, gained = paired_difference("brier", *pair, resampling), losses[1] - losses[0]
    assert found.value == pytest.approx(np.average(gained, weights=weights))
    error = standard_error(replicates(lambda drawn: drawn @ gained / drawn.sum(1), pair[0], resampling), groups=5)
    reach = t.ppf(0.9995, 4) * error
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach))


def test_paired_difference__other_samples() -> None:
    """Different test sets are refused."""
    with pytest.raises(EvaluationError, match="200 and 300 samples share 200 hashes"):
        paired_difference("auc", model(0.0, samples=200), model(0.0), Resampling(seed=0))


@pytest.mark.parametrize("metric", ["auc", "brier"])
def test_improvement__above_0_is_better(metric: str) -> None:
    """A better challenger improves every metric, whatever its direction, and the lower end lies below the upper."""
    found = improvement(metric, model(0.0), model(1.0), Resampling(seed=0))
    assert 0 < found.low < found.value < found.high


def test_mcnemar_midp__by_hand() -> None:
    """One lost and five won: 2 * P(X <= 1) - P(X = 1) of six tosses, of whose 64 ways 7 and 6 are such."""
    champion, challenger = hits([True] + [False] * 5 + [True] * 9), hits([False] + [True] * 5 + [True] * 9)
    assert mcnemar_midp(champion, challenger) == pytest.approx(2 * 7 / 64 - 6 / 64)
    assert mcnemar_midp(challenger, champion) == pytest.approx(2 * 7 / 64 - 6 / 64)


def test_mcnemar_midp__no_disagreement_and_balance() -> None:
    """Nothing to tell apart is 1; as many lost as won is 1 less half the middle term."""
    assert mcnemar_midp(hits([True, False]), hits([True, False])) == 1.0
    assert mcnemar_midp(hits([True, False]), hits([False, True])) == pytest.approx(0.75)


def test_samples_needed__textbook() -> None:
    """A standard error of 0.02 at 100 samples and an effect of 0.02 take (1.96 + 0.84)^2 times the samples."""
    difference = Interval(0.0, -1.96 * 0.02, 1.96 * 0.02)
    assert samples_needed(difference, samples=100, groups=2000, effect=0.02) == pytest.approx(785, abs=1)
    assert samples_needed(difference, samples=100, groups=2000, effect=0.04) == pytest.approx(197, abs=1)
    assert samples_needed(difference, samples=100, groups=2000, effect=10.0) == 100


def test_samples_needed__at_another_level() -> None:
    """The same standard error read off a wider interval, and more samples for being surer: (2.576 + 0.84)^2 times."""
    difference = Interval(0.0, -2.576 * 0.02, 2.576 * 0.02)
    found = samples_needed(difference, samples=100, groups=2000, effect=0.02, level=0.99)
    assert found == pytest.approx(100 * (2.5758 + 0.8416) ** 2, abs=3)
