"""How far an interval must reach at least where nearly all samples agree: what no sample shows, no resample shows.

Twenty hits of twenty have no spread, yet the model may well be wrong once in ten times. Shares of hits get exact
intervals; other metrics, where no resample differs, the room for what was not seen.
"""

import math

import numpy as np

from evaluation.inference.interval import Interval, student_t
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import Metric, divide
from evaluation.predictions.predictions import Predictions


def widened(found: Interval, metric: Metric, predictions: Predictions, error: float, level: float) -> Interval:
    """A metric's interval, with ends at least as far out as few different samples ask for.

    Hits: Clopper and Pearson's interval at the effective number of samples (Korn and Graubard 1998, "Confidence
    Intervals for Proportions with Small Expected Number of Positive Counts Estimated From Survey Data"), `error` being
    the standard error of the bootstrap. Other metrics: room for what was not seen, where no resample differs.
    """
    weights = _own_weights(metric, predictions)
    if metric.hits:
        share = float(np.average(predictions.right, weights=weights))
        low, high = share_interval(share, _effective(share * (1 - share), error, weights, predictions, level), level)
        return _reaching(found, found.value + low - share, found.value + high - share)
    if error != 0:
        return found
    room = unseen_share(_group_size(weights, predictions), level)
    ends = [found.value + room * (end - found.value) for end in (metric.best, metric.worst)]
    return _reaching(found, min(ends), max(ends))


def widened_pair(
    found: Interval, metric: Metric, pair: tuple[Predictions, Predictions], error: float, level: float
) -> Interval:
    """The interval of a paired difference, second minus first, with ends as far out as few discordant samples ask for.

    Hits: Tango's interval at the effective number of samples. Other metrics: room for what was not seen, where no
    resample differs.
    """
    before, after = pair
    weights = _own_weights(metric, before)
    if metric.hits:
        one, other = before.right, after.right
        won, lost = (float(np.average(part, weights=weights)) for part in (other & ~one, one & ~other))
        size = _effective(won + lost - (won - lost) ** 2, error, weights, before, level)
        low, high = paired_interval(won, lost, size, level)
        return _reaching(found, found.value + low - (won - lost), found.value + high - (won - lost))
    if error != 0:
        return found
    room, span = unseen_share(_group_size(weights, before), level), abs(metric.best - metric.worst)
    return _reaching(found, found.value - room * (span + found.value), found.value + room * (span - found.value))


def share_interval(share: float, size: float, level: float) -> tuple[float, float]:
    """Returns Clopper and Pearson's interval of a share of `size` samples, which need not be a whole number."""
    from scipy.stats import beta

    tail, hits = (1 - level) / 2, share * size
    low = float(beta.ppf(tail, hits, size - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, size - hits)) if hits < size else 1.0
    return low, high


def paired_interval(won: float, lost: float, size: float, level: float) -> tuple[float, float]:
    """Returns the score interval of `won` minus `lost`, both shares of `size` pairs, which need not be a whole number.

    Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17:891-908.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    difference, z = won - lost, float(norm.ppf(0.5 + level / 2))

    def score(truth: float) -> float:
        """How many standard errors the difference lies above a true one."""
        linear = 2 - won + lost
        root = (linear * truth - won - lost) ** 2 + 8 * lost * truth * (1 - truth)
        constrained = (math.sqrt(max(root, 0.0)) - (linear * truth - won - lost)) / 4
        variance = max((2 * constrained + truth * (1 - truth)) / size, 1e-18)
        return (difference - truth) / math.sqrt(variance)

    # at the ends of the scale the score may not be defined, and where it does not reach z the scale ends
    nearly = 1 - 1e-9
    low = float(brentq(lambda truth: score(truth) - z, -nearly, difference)) if score(-nearly) > z else -1.0
    high = float(brentq(lambda truth: score(truth) + z, difference, nearly)) if score(nearly) < -z else 1.0
    return low, high


def unseen_share(groups: float, level: float) -> float:
    """Returns the largest share of groups of a kind that may well not turn up among `groups` of them.

    Exact for what was never seen (Clopper and Pearson's limit at no hit, the "rule of three"), one-sided at half of
    1 - `level`.
    """
    return float(1 - ((1 - level) / 2) ** (1 / groups))


def _reaching(found: Interval, low: float, high: float) -> Interval:
    return Interval(found.value, min(found.low, low), max(found.high, high)) if found.is_finite else found


def _own_weights(metric: Metric, predictions: Predictions) -> Floats:
    """The samples' weights as the metric counts them: by class where each class counts the same."""
    weights = predictions.weights
    if not metric.balanced:
        return weights
    mass = np.bincount(predictions.truth, weights, minlength=len(predictions.classes)).astype(np.float64)
    return divide(weights, mass[predictions.truth])


def _effective(spread: float, error: float, weights: Floats, predictions: Predictions, level: float) -> float:
    """How many single samples would be as sure: fewer where groups go together or weights differ."""
    groups, most = predictions.group_count, _size(weights)
    if not error > 0:
        return _group_size(weights, predictions)
    few = (student_t(level, max(len(predictions) - 1, 1)) / student_t(level, groups - 1)) ** 2
    return min(most, max(spread / error**2 * few, 1.0))


def _group_size(weights: Floats, predictions: Predictions) -> float:
    """How many groups of equal weight would count as much."""
    return _size(np.bincount(predictions.group_index, weights).astype(np.float64))


def _size(weights: Floats) -> float:
    """Kish's effective number of weighted samples."""
    return float(weights.sum() ** 2 / (weights**2).sum())
