"""Evidence that may be looked at after every sample: e-processes for the mean of bounded numbers, by betting.

A gambler stakes a share of the wealth on the mean being above a bound, chosen from what came before. If the mean is at
most the bound the wealth can only shrink on average, so that it ever exceeds 1 / alpha with a probability of at most
alpha (Ville's inequality), however often one looks and whenever one stops. The stakes are those of the
approximate growth-rate-adaptive gambler (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting", section 5 and appendix B.3).
"""

import numpy as np

from evaluation.predictions.grouped import Floats

BOLDNESS = 0.5  # largest share of what could be lost at once


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
    mean, variance = _before(scaled)
    edge = mean - null
    most = BOLDNESS / null if null > 0 else np.inf
    stakes = np.clip(edge / (variance + edge**2), 0.0, most)
    wealth = np.cumsum(np.log1p(stakes * (scaled - null)))
    return float(np.exp(min(max(wealth.max(), 0.0), 700.0)))


def evidence_below(values: Floats, bound: float, low: float, high: float) -> float:
    """How strongly values speak for a mean below a bound, in the same way."""
    return evidence_above(-np.asarray(values, float), -bound, -high, -low)


def _before(scaled: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the values before each one, drawn towards 1/2 and 1/4 as if one had come first."""
    count = np.arange(1, len(scaled) + 1)
    running = (0.5 + np.cumsum(scaled)) / (count + 1)
    spread = (0.25 + np.cumsum((scaled - running) ** 2)) / (count + 1)
    return np.concatenate([[0.5], running[:-1]]), np.concatenate([[0.25], spread[:-1]])
