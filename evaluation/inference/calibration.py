"""Are probabilities as right as they are sure: expected calibration error, and the temperature that mends it."""

import logging
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from evaluation.inference.bootstrap import Resampling, percentile_interval, replicates, tail_share
from evaluation.inference.interval import Interval
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import divide
from evaluation.predictions.predictions import Predictions

log = logging.getLogger(__name__)
BINS = 10
COLDEST, HOTTEST = 0.05, 20.0
SMALLEST = float(np.finfo(np.float32).tiny)  # a probability of 0 has no logarithm; packages speak float32


@dataclass(frozen=True)
class ReliabilityBin:
    """One point of the reliability curve: mean sureness, share that is right with its interval, and samples."""

    sure: float
    right: Interval
    samples: int


def fit_temperature(probabilities: Floats, truth: npt.NDArray[np.int64], weights: Floats) -> float:
    """Returns the temperature in 0.05..20 with the least weighted log loss; above 1 the model was too sure.

    Where every sample is right with room to spare, the loss falls for ever as the model grows surer. By Laplace's rule
    of succession n right samples speak for being right with probability (n + 1) / (n + 2): a model that is less sure is
    made so sure, another one is left. Where the probabilities say nothing of the truth, the temperature stays 1.
    Guo et al. 2017, "On Calibration of Modern Neural Networks"; Platt 1999, "Probabilistic Outputs for Support Vector
    Machines", smooths his targets alike.

    Args:
        probabilities: float [N, K].
        truth: class indices [N].
        weights: float [N].
    """
    counted = weights > 0
    logs = np.log(np.maximum(probabilities[counted], SMALLEST, dtype=np.float64))
    goals, weights = np.eye(logs.shape[1])[truth[counted]], weights[counted]
    cold, found, hot = _best_temperature(logs, goals, weights)
    if cold:
        doubt = 1 / (len(logs) + 2)
        smooth = goals * (1 - doubt) + (1 - goals) * doubt / (logs.shape[1] - 1)
        return min(1.0, _best_temperature(logs, smooth, weights)[1])
    if hot:
        log.warning("no temperature between %g and %g has the least log loss; it stays 1", COLDEST, HOTTEST)
        return 1.0
    return found


def _best_temperature(logs: Floats, goals: Floats, weights: Floats) -> tuple[bool, float, bool]:
    """Is the coldest best, the temperature with the least cross-entropy to goals [N, K], and is the hottest best?"""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(exponent: float) -> float:
        """Mean loss at the temperature e ** exponent."""
        return float(np.average(-(goals * log_softmax(logs / np.exp(exponent), axis=1)).sum(axis=1), weights=weights))

    low, high = np.log(COLDEST), np.log(HOTTEST)
    exponent = float(minimize_scalar(loss, bounds=(low, high), method="bounded").x)
    least = min(loss(low), loss(high), loss(exponent))
    return loss(low) <= least, float(np.exp(exponent)), loss(high) <= least


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Returns p ** (1 / temperature), normalised, [N, K]: what dividing the logits does; decisions stay."""
    from scipy.special import softmax

    return np.asarray(softmax(np.log(np.maximum(probabilities, SMALLEST, dtype=np.float64)) / temperature, axis=1))


def calibration_error(predictions: Predictions, resampling: Resampling) -> Interval:
    """Returns the expected calibration error over 10 bins of equal weight, in 0..1, without its upward bias.

    Noise makes a bin's gap larger, never smaller, so the error that is simply read off the bins is too large, most of
    all for well calibrated models and few samples, and so are its resamples. Here the observed gaps are scaled to
    what they must be in truth for the error as read off to be the median of what samples like these would show; the
    ends of the interval make it a tail of that. A test inverted, with the noise of the gaps from the grouped
    bootstrap. An interval that begins at 0 is what a perfectly calibrated model gives too.

    Raises:
        EvaluationError: all samples are of one group.
    """
    sure, right = confidence(predictions)
    batch = partial(_gaps, np.eye(BINS)[equal_mass_bins(sure, predictions.weights)], sure - right)
    gaps = batch(predictions.weights[None])[0]
    noise = replicates(batch, predictions, resampling) - gaps
    tail = tail_share(resampling.level, predictions.group_count)
    value, low, high = (_unbiased(gaps, noise, share) for share in (0.5, 1 - tail, tail))
    return Interval(value, low, high)


def reliability_curve(predictions: Predictions, resampling: Resampling) -> tuple[ReliabilityBin, ...]:
    """Returns the bins of the calibration error, least sure first; ends are nan where a bin is of one group.

    Raises:
        EvaluationError: all samples are of one group.
    """
    sure, right = confidence(predictions)
    bins = equal_mass_bins(sure, predictions.weights)
    batch = partial(_shares, np.eye(BINS)[bins], right)
    found = replicates(batch, predictions, resampling)
    values = batch(predictions.weights[None])[0]
    curve = []
    for number in np.flatnonzero(~np.isnan(values)):
        inside = bins == number
        groups = len(np.unique(predictions.group_index[inside]))
        mean_sure = float(np.average(sure[inside], weights=predictions.weights[inside]))
        share = Interval(float(values[number]), np.nan, np.nan)
        if groups > 1:
            share = percentile_interval(share.value, found[:, number], groups=groups, level=resampling.level)
        curve.append(ReliabilityBin(mean_sure, share, int(inside.sum())))
    return tuple(curve)


def confidence(predictions: Predictions) -> tuple[Floats, Floats]:
    """Returns how sure the model is [N] and whether it is right [N], 0 or 1.

    Binary tasks are sure of the last class, others of the likeliest class.
    """
    if len(predictions.classes) == 2:
        return predictions.probabilities[:, 1].clip(0, 1), (predictions.truth == 1).astype(np.float64)
    return predictions.probabilities.max(axis=1).clip(0, 1), predictions.right.astype(np.float64)


def equal_mass_bins(sure: Floats, weights: Floats, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Returns the bin of every sample [N], from the least sure; bins weigh the same, equal values share a bin."""
    values, place = np.unique(sure, return_inverse=True)
    mass = np.bincount(place, weights, minlength=len(values))
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.asarray(np.minimum((middle * bins).astype(np.int64), bins - 1)[place])


def _gaps(member: Floats, difference: Floats, weights: Floats) -> Floats:
    """Sure minus right in every bin, times the bin's share of the weight: [R, B] for weightings [R, N]."""
    return np.asarray(weights @ (member * difference[:, None]) / weights.sum(axis=1, keepdims=True))


def _shares(member: Floats, right: Floats, weights: Floats) -> Floats:
    """Weighted share of what is right in every bin: [R, B] for weightings [R, N]; nan in an empty bin."""
    return divide(weights @ (member * right[:, None]), weights @ member)


def _unbiased(gaps: Floats, noise: Floats, share: float) -> float:
    """The error of gaps like these [B] that with noise [R, B] shows at most the observed error in `share` of cases."""
    from scipy.optimize import brentq

    observed = float(np.abs(gaps).sum())
    reach = np.abs(noise).sum(axis=1)

    def excess(scale: float) -> float:
        """How far the error of scaled gaps lies above the observed one, in `share` of cases."""
        return float(np.quantile(np.abs(scale * gaps + noise).sum(axis=1), share)) - observed

    if observed == 0 or excess(0.0) >= 0:
        return 0.0
    return observed * float(brentq(excess, 0.0, 1 + 2 * float(reach.max()) / observed, xtol=1e-6))
