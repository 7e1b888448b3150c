"""Few different samples are little evidence, whatever the resamples show."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest, t

from evaluation.inference.bootstrap import (
    Resampling,
    bootstrap_interval,
    percentile_interval,
    replicates,
    standard_error,
)
from evaluation.inference.discrete import paired_interval, share_interval, unseen_share
from evaluation.inference.paired import paired_difference
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import accuracy
from evaluation.predictions.predictions import Predictions


def hits(right: list[bool], *, size: int = 1, classes: int = 2) -> Predictions:
    """A model that is right where it is said; classes take turns, `size` neighbours are a group."""
    count = len(right)
    truth = np.arange(count) % classes
    said = np.where(right, truth, (truth + 1) % classes)
    names = [str(row) for row in range(count)]
    groups = [str(row // size) for row in range(count)]
    slices, weights = pd.DataFrame(index=range(count)), np.ones(count)
    return Predictions(names, truth, np.eye(classes)[said], weights, groups, slices, tuple("abcdefghij"[:classes]))


def test_share_interval__published() -> None:
    """Newcombe 1998, table I: 81 of 263 by Clopper and Pearson are 0.2527 to 0.3676, 0 of 20 at most 0.1684."""
    assert share_interval(81 / 263, 263, 0.95) == pytest.approx((0.2527, 0.3676), abs=5e-5)
    assert share_interval(0.0, 20, 0.95) == pytest.approx((0, 0.1684), abs=5e-5)
    assert share_interval(1.0, 20, 0.95) == pytest.approx((0.8316, 1), abs=5e-5)
    for hits_of_20 in (1, 19):
        ends = binomtest(hits_of_20, 20).proportion_ci(0.95, method="exact")
        assert share_interval(hits_of_20 / 20, 20, 0.95) == pytest.approx((ends.low, ends.high))


@pytest.mark.parametrize(
    ("won", "lost", "pairs", "low", "high"),
    [(0, 0, 30, -0.11352, 0.11352), (2, 0, 44, -0.0358, 0.1520), (12, 2, 14, 0.2933, 0.9101 - 1e-9)],
)
def test_paired_interval__is_where_the_score_test_turns(
    won: int, lost: int, pairs: int, low: float, high: float
) -> None:
    """At the ends the score statistic is 1.96, found anew by maximising the likelihood over what is not asked."""
    found = paired_interval(won / pairs, lost / pairs, pairs, 0.95)
    for end in found:
        grid = np.linspace(max(0, -end), (1 - end) / 2 - 1e-9 if end >= 0 else (1 - end) / 2, 200_001)[1:-1]
        rest = 1 - 2 * grid - end
        valid = (grid + end > 0) & (rest > 0)
        logs = won * np.log(np.where(valid, grid + end, 1)) + lost * np.log(grid)
        logs += (pairs - won - lost) * np.log(np.where(valid, rest, 1))
        best = grid[np.argmax(np.where(valid, logs, -np.inf))]
        variance = (2 * best + end - end**2) / pairs
        assert abs((won - lost) / pairs - end) / np.sqrt(variance) == pytest.approx(1.96, abs=0.005)
    assert found[0] < (won - lost) / pairs < found[1]
    if won == lost == 0:
        assert found == pytest.approx((low, high), abs=1e-4)


def test_paired_interval__ends_of_the_scale() -> None:
    """Pairs that all differ one way leave the interval open to 1, not beyond."""
    low, high = paired_interval(1.0, 0.0, 20, 0.95)
    assert (0.6 < low < 1, high) == (True, 1.0)
    assert paired_interval(0.0, 1.0, 20, 0.95) == pytest.approx((-high, -low))


def test_unseen_share__rule_of_three() -> None:
    """Of a kind that is 3.6% of all, a hundred samples show none in 2.5% of cases."""
    share = unseen_share(100, 0.95)
    assert share == pytest.approx(0.0362, abs=1e-4)
    assert binom.pmf(0, 100, share) == pytest.approx(0.025)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "auc", "ap"])
def test_bootstrap_interval__all_right(metric: str) -> None:
    """Twenty of twenty prove no 99.9%."""
    found = bootstrap_interval(metric, hits([True] * 20), Resampling(seed=0, resamples=100))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.8316, abs=1e-4)


def test_bootstrap_interval__groups_of_the_right() -> None:
    """Sixty right samples in six groups are six observations."""
    found = bootstrap_interval("accuracy", hits([True] * 60, size=10), Resampling(seed=0, resamples=100))
    assert found.low == pytest.approx(share_interval(1.0, 6, 0.95)[0])


def test_bootstrap_interval__at_the_effective_number_of_samples() -> None:
    """Korn and Graubard's number: the spread of one sample over the variance of all, for as few groups as there are."""
    right = [(row // 6) % 4 != 0 or row % 6 == 0 for row in range(72)]
    said, resampling = hits(right, size=6), Resampling(seed=0, resamples=400)
    found, share = bootstrap_interval("accuracy", said, resampling), np.mean(right)
    drawn = replicates(partial(accuracy, said.truth, said.probabilities), said, resampling)
    error, shown = standard_error(drawn, groups=12), percentile_interval(share, drawn, groups=12, level=0.95)
    size = share * (1 - share) / error**2 * (t.ppf(0.975, 71) / t.ppf(0.975, 11)) ** 2
    low, high = share_interval(share, size, 0.95)
    assert size < 20
    assert (found.low, found.high) == pytest.approx((min(low, shown.low), max(high, shown.high)))
    assert low < shown.low
    assert high < shown.high, "each end is the farther one"


def test_bootstrap_interval__no_surer_than_single_samples() -> None:
    """Groups that each hold as many hits as the next do not make sixty samples say more than sixty."""
    right = [row % 2 == 0 or row < 6 for row in range(60)]
    found = bootstrap_interval("accuracy", hits(right, size=2), Resampling(seed=0, resamples=400))
    low, high = share_interval(np.mean(right), 60, 0.95)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_bootstrap_interval__right_by_weight_and_class() -> None:
    """Kish's size: twenty of weight five and twenty of one are 27.7; ten of one class and fifty of another are 33.3."""
    heavy = replace(hits([True] * 40), weights=np.repeat([1.0, 5.0], 20))
    found = bootstrap_interval("accuracy", heavy, Resampling(seed=0, resamples=100))
    assert found.low == pytest.approx(share_interval(1.0, 120**2 / (20 + 500), 0.95)[0])
    truth = np.repeat([0, 1], [10, 50])
    uneven = replace(hits([True] * 60), truth=truth, probabilities=np.eye(2)[truth])
    found = bootstrap_interval("balanced_accuracy", uneven, Resampling(seed=0, resamples=100))
    assert found.low == pytest.approx(share_interval(1.0, 2**2 / (0.1 + 0.02), 0.95)[0])


def test_bootstrap_interval__loss_of_the_perfect() -> None:
    """A loss of 0 on every sample may be more on those that were not drawn."""
    found = bootstrap_interval("brier", hits([True] * 20), Resampling(seed=0, resamples=100))
    assert (found.low, found.value) == (0, 0)
    assert found.high == pytest.approx(2 * unseen_share(20, 0.95))


def test_bootstrap_interval__covers_high_shares() -> None:
    """Of 300 sets of 60 with a true share of 98%, at most about 2.5% lie wholly above it; percentiles: 30%."""
    generator, above = np.random.default_rng(0), 0
    for _ in range(300):
        found = bootstrap_interval("accuracy", hits(list(generator.random(60) < 0.98)), Resampling(0, resamples=100))
        above += found.low > 0.98
    assert above == 0


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_paired_difference__two_perfect_models(metric: str) -> None:
    """That neither errs on sixty samples shows no equality within 0.001."""
    perfect = hits([True] * 60)
    found = paired_difference(metric, perfect, perfect, Resampling(seed=0, resamples=100))
    assert found.low == pytest.approx(-0.06, abs=0.003)
    assert found.high == pytest.approx(0.06, abs=0.003)


def test_paired_difference__few_discordant() -> None:
    """One sample of sixty lost: the interval reaches as far as Tango's, beyond that of the resamples."""
    lost = hits([False] + [True] * 59)
    found = paired_difference("accuracy", hits([True] * 60), lost, Resampling(seed=0, resamples=400))
    assert found.value == pytest.approx(-1 / 60)
    assert found.low <= paired_interval(0, 1 / 60, 60, 0.95)[0] + 0.005 < -0.07


def test_paired_difference__at_the_number_of_samples() -> None:
    """Of single samples that mostly go one way both ends are at least Tango's, at about as many as there are."""
    before, after = [False] * 40 + [True] * 20, [True] * 40 + [True] * 18 + [False] * 2
    found = paired_difference("accuracy", hits(before), hits(after), Resampling(seed=0, resamples=4000))
    low, high = paired_interval(40 / 60, 2 / 60, 60, 0.95)
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.025)
    one, other = hits([True] * 59 + [False]), hits([True] * 60)
    gained = paired_difference("accuracy", one, other, Resampling(seed=0, resamples=400))
    assert gained.high == pytest.approx(paired_interval(1 / 60, 0, 60, 0.95)[1], abs=0.005)


def test_paired_difference__at_the_effective_number_of_samples() -> None:
    """Where groups go together and most differences go one way, the lower end is Tango's at the size they are worth."""
    place = np.arange(72)
    won, lost = (place % 6 < 4) & (place // 6 < 10) & (place // 6 % 3 > 0), (place % 6 == 5) & (place // 6 < 4)
    pair, resampling = [hits(list(~part), size=6) for part in (won, lost)], Resampling(seed=0, resamples=400)

    def gain(weights: Floats) -> Floats:
        """What the second is better, [R]."""
        before, after = (accuracy(one.truth, one.probabilities, weights) for one in pair)
        return after - before

    error = standard_error(replicates(gain, pair[0], resampling), groups=12)
    spread = won.mean() + lost.mean() - (won.mean() - lost.mean()) ** 2
    size = spread / error**2 * (t.ppf(0.975, 71) / t.ppf(0.975, 11)) ** 2
    low, _ = paired_interval(won.mean(), lost.mean(), size, 0.95)
    assert paired_difference("accuracy", *pair, resampling).low == pytest.approx(low)


def test_paired_difference__discordant_in_few_groups() -> None:
    """Twelve differences in one group of twelve are one: the interval is that of few groups."""
    before, after = [True] * 120, [True] * 108 + [False] * 12
    single = paired_difference("accuracy", hits(before), hits(after), Resampling(seed=0, resamples=400))
    grouped = [hits(one, size=12) for one in (before, after)]
    found = paired_difference("accuracy", *grouped, Resampling(seed=0, resamples=400))
    assert found.high - found.low > 2 * (single.high - single.low)
