"""Out-of-fold evidence: both models on all samples, and whether a package answers its test set as its folds promise."""

from typing import NamedTuple

import numpy as np

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.predictions.metrics import METRICS
from evaluation.predictions.predictions import Predictions
from registry.gate.config import OVERLAP, GateConfig

NOTE = (
    "out-of-fold evidence: the improvements are those of the two ways to train, on all samples; what a head learned "
    f"from is answered by heads fitted like it on other groups, and intervals of improvements are {OVERLAP:g} times as "
    "wide, because these heads share most of their samples (Nadeau and Bengio 2003); floors are about the package on "
    "the test set"
)


class OutOfFold(NamedTuple):
    """What is said of the samples that neither model's answers were learned from."""

    challenger: Predictions
    champion: Predictions


def broken_promise(challenger: Predictions, whole: Predictions, config: GateConfig) -> str | None:
    """How much worse than its folds promise the package itself answers the test set; none where that may be chance.

    It is where the metric's intervals on the test samples and on all others, at the level of `gate.level`, do not meet.

    Raises:
        EvaluationError: all samples of either part are of one group.
    """
    others = ~np.isin(whole.hashes, challenger.hashes)
    if not others.any():
        return None
    parts = challenger, whole.take(others)
    shown, promised = (bootstrap_interval(config.metric, part, config.resampling) for part in parts)
    greater = METRICS[config.metric].greater_is_better
    if not (shown.high < promised.low if greater else shown.low > promised.high):
        return None
    found = f"{config.metric} is {shown.value:.4f} ({shown.low:.4f} to {shown.high:.4f}) on the test set"
    fold = f"{promised.value:.4f} ({promised.low:.4f} to {promised.high:.4f}) out of fold"
    return f"the package is worse than its folds promise: {found}, {fold}"
