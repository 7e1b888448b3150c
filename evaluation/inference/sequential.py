"""Evidence that may be looked at after every sample: e-processes for the mean of bounded numbers, by betting.

A gambler stakes a share of the wealth on the mean being above a bound, chosen from what came before. If the mean is at
most the bound the wealth can only shrink on average, so that it ever exceeds 1 / alpha with a probability of at most
alpha (Ville's inequality), however often one looks and whenever one stops. The stakes are those of the
approximate growth-rate-adaptive gambler (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting", section 5 and appendix B.3).

A mean that falls late is not seen by a gambler who remembers how good the old days were. So for a stream that is
watched for long, gamblers begin one after the other, each with a share of the wealth and no memory of what was before;
together they are still one gambler, and Ville's inequality holds (as Shin, Ramdas and Rinaldo 2024, "E-detectors", mix
them, but with shares that sum to 1: the chance of any false claim is bounded, not their rate).
"""

from collections.abc import Iterator

import numpy as np

from evaluation.predictions.grouped import Floats

BOLDNESS = 0.5  # largest share of what could be lost at once
STEP, GROWTH = 10, 50  # a gambler begins every so many values, later after every so-manieth part of what there is
HIGHEST = 700.0  # the largest exponent that a float bears


def evidence_above(values: Floats, bound: float, low: float, high: float) -> float:
    """How strongly values speak for a mean above a bound: the largest wealth so far, 1 at the start.

    Wealth of 1 / alpha or more is significant at alpha, one-sided, whenever one looks.

    Args:
        values: in the order in which they came, [N], each from `low` to `high`.
        bound: the mean that is to be exceeded, in the same units.
        low: the least that a value can be.
        high: the most that a value can be.
    """
    if bound >= high or not len(values):
        return 1.0
    if bound < low:
        return float("inf")  # no mean is lower
    scaled, null = (np.asarray(values, float) - low) / (high - low), (bound - low) / (high - low)
    return float(np.exp(min(max(_wealth(scaled, null).max(), 0.0), HIGHEST)))


def evidence_below(values: Floats, bound: float, low: float, high: float) -> float:
    """How strongly values speak for a mean below a bound, in the same way."""
    return evidence_above(-np.asarray(values, float), -bound, -high, -low)


def late_evidence_below(values: Floats, bound: float, low: float, high: float) -> float:
    """How strongly values speak for a mean that is below a bound by now, or was from some time on.

    The largest wealth so far of gamblers of whom the k-th has a share of 1 / (k (k + 1)) and begins at the 10 k-th
    value, later ones after longer pauses; 1 / alpha or more is significant at alpha however long the stream is watched.

    Args:
        values: as in `evidence_above`.
        bound: the mean that should be kept.
        low: the least that a value can be.
        high: the most that a value can be.
    """
    if bound <= low or not len(values):
        return 1.0
    if bound > high:
        return float("inf")  # no mean is higher
    scaled, null = (high - np.asarray(values, float)) / (high - low), (high - bound) / (high - low)
    together = np.ones(len(scaled))
    for number, start in enumerate(_starts(len(scaled)), 1):
        share = 1 / (number * (number + 1))
        together[start:] += share * np.expm1(np.minimum(_wealth(scaled[start:], null), HIGHEST))
    return float(max(together.max(), 1.0))


def _starts(count: int) -> Iterator[int]:
    """Where gamblers begin; the places do not depend on how many values there are."""
    start = 0
    while start < count:
        yield start
        start += max(STEP, start // GROWTH)


def _wealth(scaled: Floats, null: float) -> Floats:
    """Logarithm of the wealth [N] after each value, of a gambler on a mean above `null`; all lie in 0..1."""
    mean, variance = _before(scaled)
    edge = mean - null
    most = BOLDNESS / null if null > 0 else np.inf
    stakes = np.clip(edge / (variance + edge**2), 0.0, most)
    return np.asarray(np.cumsum(np.log1p(stakes * (scaled - null))))


def _before(scaled: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the values before each one, drawn towards 1/2 and 1/4 as if one had come first."""
    count = np.arange(1, len(scaled) + 1)
    running = (0.5 + np.cumsum(scaled)) / (count + 1)
    spread = (0.25 + np.cumsum((scaled - running) ** 2)) / (count + 1)
    return np.concatenate([[0.5], running[:-1]]), np.concatenate([[0.25], spread[:-1]])
