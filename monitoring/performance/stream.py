"""Labels as a stream of independent observations, for a test that may be looked at after every batch.

Samples of one session stand or fall together, so that a session is one observation, in the order in which the first of
its labels came. A ranking needs both classes: there sessions are taken together until an observation has both.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.inference.sequential import late_evidence_below
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from monitoring.performance.answers import Answers
from monitoring.performance.expectation import Expectation

Integers = npt.NDArray[np.int64]


def evidence_of_harm(labelled: Answers, weights: Floats, expectation: Expectation) -> float:
    """Evidence that the metric is beyond the worse end of what was expected, and by more than the loss that is borne.

    1 / alpha or more is significant at alpha, however often one looks.

    Args:
        labelled: samples with their labels, of all the time since the promotion.
        weights: of each [N], in 0..1; one below 1 draws a sample to the bound. A ranking takes no weights.
        expectation: the bound.
    """
    judged, bound = labelled.judged(np.ones(len(labelled))), expectation.bound
    if expectation.metric == "auc":
        return late_evidence_below(_ranked(judged, _sessions(labelled)), bound, 0.0, 1.0)
    drawn = bound + weights * (_each(judged, expectation.metric) - bound)
    means = np.array([drawn[session].mean() for session in _sessions(labelled)])
    if expectation.chosen.greater_is_better:
        return late_evidence_below(means, bound, 0.0, 1.0)
    return late_evidence_below(-means, -bound, -expectation.chosen.worst, 0.0)


def _each(judged: Predictions, metric: str) -> Floats:
    """What each sample adds to the mean."""
    if metric == "accuracy":
        return judged.right.astype(np.float64)
    errors = (judged.probabilities - np.eye(len(judged.classes))[judged.truth]) ** 2
    return np.asarray(errors.sum(axis=1) / (2 if len(judged.classes) == 2 else 1))


def _ranked(judged: Predictions, sessions: list[Integers]) -> Floats:
    """Area under the curve within each run of sessions that has both classes."""
    found, ones, others = [], np.empty(0), np.empty(0)
    for session in sessions:
        scores, positive = judged.probabilities[session, 1], judged.truth[session] == 1
        ones, others = np.append(ones, scores[positive]), np.append(others, scores[~positive])
        if len(ones) and len(others):
            gaps = ones[:, None] - others
            found.append(float(np.mean((gaps > 0) + (gaps == 0) / 2)))
            ones, others = np.empty(0), np.empty(0)
    return np.array(found)


def _sessions(labelled: Answers) -> list[Integers]:
    """Places of the samples of each session, by the time at which the first of its labels came."""
    rows = labelled.rows["labelled"].reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
    number = pd.factorize(np.array(labelled.blocks)[rows])[0]
    order = np.argsort(number, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(number[order])) + 1)
