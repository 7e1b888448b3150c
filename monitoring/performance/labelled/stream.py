"""Labels as a stream of independent observations, for a test that may be looked at after every batch.

Samples of one session stand or fall together, so that a session is one observation, in the order in which the first of
its labels came. It counts by the labels that it has when labels of `LATER` others have begun to come: what counted once
stays as it was, whatever comes later, or a test that may be looked at after every batch would promise too much. A
ranking needs both classes: there sessions are taken together until an observation has both.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.inference.sequential import late_evidence_below
from evaluation.predictions.grouped import Floats
from monitoring.performance.expectation import Expectation
from monitoring.performance.labelled.gathered import Gathered

Integers = npt.NDArray[np.int64]
LATER = 3  # sessions: labels of one come for a while, and it is better to wait for them than to leave them out


def evidence_of_harm(gathered: Gathered, weights: Floats, expectation: Expectation) -> float:
    """Evidence that the metric is beyond the worse end of what was expected, and by more than the loss that is borne.

    1 / alpha or more is significant at alpha, however often one looks, as long as the weights stay as they are: they
    are fitted anew to what has come, so that weighted labels promise it only nearly.

    Args:
        gathered: all samples of the time since the promotion.
        weights: of each labelled one [N], in 0..1; one below 1 draws a sample to the bound. A ranking takes no weights.
        expectation: the bound.
    """
    labelled, bound = gathered.rows[gathered.labelled], expectation.bound
    scores, sessions = labelled["score"].to_numpy(), _sessions(labelled)
    if expectation.metric == "auc":
        return late_evidence_below(_ranked(scores, labelled["positive"].to_numpy(), sessions), bound, 0.0, 1.0)
    drawn = bound + weights * (scores - bound)
    means = np.array([drawn[session].mean() for session in sessions])
    if expectation.chosen.greater_is_better:
        return late_evidence_below(means, bound, 0.0, 1.0)
    return late_evidence_below(-means, -bound, -expectation.chosen.worst, 0.0)


def _ranked(scores: Floats, positive: npt.NDArray[np.bool_], sessions: list[Integers]) -> Floats:
    """Area under the curve within each run of sessions that has both classes."""
    found, ones, others = [], np.empty(0), np.empty(0)
    for session in sessions:
        here, is_one = scores[session], positive[session]
        ones, others = np.append(ones, here[is_one]), np.append(others, here[~is_one])
        if len(ones) and len(others):
            gaps = ones[:, None] - others
            found.append(float(np.mean((gaps > 0) + (gaps == 0) / 2)))
            ones, others = np.empty(0), np.empty(0)
    return np.array(found)


def _sessions(labelled: pd.DataFrame) -> list[Integers]:
    """Places of the samples of each session that counts, by the time at which the first of its labels came."""
    rows = labelled["labelled"].reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
    number = pd.factorize(labelled["block"].to_numpy()[rows])[0]
    begun = np.maximum.accumulate(number) if len(number) else number
    counts = (begun < number + LATER) & (begun[-1:] >= number + LATER)
    rows, number = rows[counts], number[counts]
    order = np.argsort(number, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(number[order])) + 1) if len(rows) else []
