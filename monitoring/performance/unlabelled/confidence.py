"""What a metric is to be expected to be where labels are drawn as the champion believes (CBPE, arXiv 2505.05295)."""

import numpy as np

from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import mean, metric_named


def believed_metric(metric: str, said: Floats, believed: Floats, weights: Floats) -> Floats:
    """The metric [R] of answers [N, K] under weights [R, N], were the labels drawn from `believed` [N, K].

    The expectation itself for means of samples; for the area under the curve that of the numerator over that of the
    denominator.
    """
    if metric == "accuracy":
        return mean(weights, believed[np.arange(len(said)), said.argmax(axis=1)])
    if metric == "brier":
        errors = (said**2).sum(axis=1) - 2 * (believed * said).sum(axis=1) + 1
        return mean(weights, errors / (2 if said.shape[1] == 2 else 1))
    truth = np.repeat([0, 1], len(said))
    halves = np.concatenate([weights * believed[:, 0], weights * believed[:, 1]], axis=1)
    return metric_named(metric).batch(truth, np.concatenate([said, said]), halves)
