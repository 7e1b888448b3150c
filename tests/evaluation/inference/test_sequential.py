"""E-processes: right about the error rate however often one looks, and strong where there is something to see."""

import numpy as np
import pytest

from evaluation.inference.sequential import evidence_above, evidence_below


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
