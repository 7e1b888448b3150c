"""E-processes: right about the error rate however often one looks, and strong where there is something to see."""

import numpy as np
import pytest

from evaluation.inference.sequential import _starts, evidence_above, evidence_below, late_evidence_below


def test_evidence_above__by_hand():
    """The wealth of two values, staked on by what came before each."""
    # First value: mean 1/2, variance 1/4 before it; edge 1/4, stake (1/4) / (1/4 + 1/16) = 0.8.
    first = 1 + 0.8 * (1.0 - 0.25)
    # Second: mean (1/2 + 1) / 2 = 3/4, variance (1/4 + 1/16) / 2, edge 1/2, stake 1/2 / (5/32 + 1/4).
    second = first * (1 + 0.5 / (5 / 32 + 0.25) * (1.0 - 0.25))
    assert np.isclose(evidence_above(np.array([1.0]), 0.25, 0.0, 1.0), first)
    assert np.isclose(evidence_above(np.array([1.0, 1.0]), 0.25, 0.0, 1.0), second)
    assert np.isclose(evidence_above(np.array([3.0, 3.0]), 0.0, -1.0, 3.0), second)


def test_evidence_above__keeps_what_was_reached():
    """Wealth that is lost again was there: the largest counts."""
    won = np.ones(50)
    assert evidence_above(np.concatenate([won, np.zeros(500)]), 0.5, 0.0, 1.0) == evidence_above(won, 0.5, 0.0, 1.0)


@pytest.mark.parametrize(("values", "bound", "found"), [([], 0.1, 1.0), ([0.5], 1.0, 1.0), ([0.5], -0.1, np.inf)])
def test_evidence_above__edges(values, bound, found):
    """Nothing seen is no evidence; a bound at the top cannot be exceeded, one below the least always is."""
    assert evidence_above(np.array(values), bound, 0.0, 1.0) == found


def test_evidence_below__mirrored():
    """Below is above of the negated values."""
    values = np.array([0.1, 0.0, 0.2, 0.4])
    assert np.isclose(evidence_below(values, 0.6, 0.0, 1.0), evidence_above(1 - values, 0.4, 0.0, 1.0))


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_evidence_above__error_rate_over_all_looks(share):
    """With the mean at the bound at most 5 % of 1,000 streams of 1,000 values ever reach 20."""
    random = np.random.default_rng(3)
    reached = [
        evidence_above(random.choice([-1.0, 0.0, 1.0], 1000, p=[share / 2, 1 - share, share / 2]), 0.0, -1.0, 1.0) >= 20
        for _ in range(1000)
    ]
    assert np.mean(reached) <= 0.05


def test_evidence_above__finds_what_is_there():
    """Of streams of 2,000 paired answers, 6 % better and 2 % worse, nine of ten show a loss below 2 points."""
    random = np.random.default_rng(4)
    streams = random.choice([-1.0, 0.0, 1.0], (50, 2000), p=[0.02, 0.92, 0.06])
    assert np.mean([evidence_above(one, -0.02, -1.0, 1.0) >= 40 for one in streams]) >= 0.9


def test_late_evidence_below__by_hand():
    """The first gambler has half of the wealth, the second, who begins at the tenth value, a sixth; a third waits."""
    values = np.concatenate([np.ones(10), np.zeros(4)])

    def wealth(count, start):
        """What a single gambler of that start has by then; each value after the start is a loss for the bound 0.8."""
        return evidence_below(values[start:count], 0.8, 0.0, 1.0)

    late = wealth(14, 10)
    assert late > 2
    early = 0.0  # the first gambler's own course, whose wealth falls below 1
    mean, variance, course = 0.5, 0.25, 1.0
    total = spread = 0.0
    for count, value in enumerate(1 - values, 1):
        edge = mean - 0.2
        course *= 1 + min(max(edge / (variance + edge**2), 0.0), 2.5) * (value - 0.2)
        total += value
        mean = (0.5 + total) / (count + 1)
        spread += (value - mean) ** 2
        variance = (0.25 + spread) / (count + 1)
        early = course
    assert np.isclose(late_evidence_below(values, 0.8, 0.0, 1.0), 1 + (early - 1) / 2 + (late - 1) / 6)


@pytest.mark.parametrize(("values", "bound", "found"), [([], 0.1, 1.0), ([0.5], 0.0, 1.0), ([0.5], 1.1, np.inf)])
def test_late_evidence_below__edges(values, bound, found):
    """Nothing seen is no evidence; a bound at the bottom cannot be missed, one above the most always is."""
    assert late_evidence_below(np.array(values), bound, 0.0, 1.0) == found


def test_late_evidence_below__scale():
    """Values from -2 to 0 are those from 0 to 1, stretched and moved."""
    values = np.random.default_rng(0).random(60)
    assert np.isclose(late_evidence_below(2 * values - 2, -0.6, -2.0, 0.0), late_evidence_below(values, 0.7, 0.0, 1.0))


def test_late_evidence_below__keeps_what_was_reached():
    """Wealth that is lost again was there, and no wealth is below that of the start."""
    bad = np.zeros(50)
    reached = late_evidence_below(bad, 0.5, 0.0, 1.0)
    assert reached > 100
    assert late_evidence_below(np.concatenate([bad, np.ones(500)]), 0.5, 0.0, 1.0) == reached
    assert late_evidence_below(np.ones(30), 0.5, 0.0, 1.0) == 1


def test_late_evidence_below__sees_a_late_fall():
    """After 5,000 good values a fall of 20 points shows within 500; a gambler with memory takes over 2,000."""
    random = np.random.default_rng(0)
    values = (random.random(5500) < np.where(np.arange(5500) < 5000, 0.9, 0.7)).astype(float)
    assert late_evidence_below(values, 0.85, 0.0, 1.0) >= 40 > evidence_below(values, 0.85, 0.0, 1.0)


def test_late_evidence_below__far_along():
    """Later gamblers begin after pauses of a fiftieth of what there is, so that long streams stay cheap."""
    assert len([*_starts(500)]) == 50
    assert len([*_starts(100_000)]) < 350
    assert [*_starts(700)][-3:] == [666, 679, 692]


@pytest.mark.parametrize("mean", [0.6, 0.85])
def test_late_evidence_below__error_rate_over_all_looks(mean):
    """With the mean at the bound at most 5 % of 400 streams of 2,000 values ever reach 20."""
    random = np.random.default_rng(5)
    reached = [
        late_evidence_below((random.random(2000) < mean).astype(float), mean, 0.0, 1.0) >= 20 for _ in range(400)
    ]
    assert np.mean(reached) <= 0.05
