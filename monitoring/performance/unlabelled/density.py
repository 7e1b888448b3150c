"""How much more often the traffic holds samples like each known one, by a classifier that tells the two apart.

The odds of a calibrated classifier are the ratio of the densities (Bickel, Brückner and Scheffer 2009, "Discriminative
Learning Under Covariate Shift"). It is cross-fitted, so that no sample is judged by a classifier that has seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.predictions.grouped import Floats
from monitoring.arrays import project

COMPONENTS, FOLDS = 16, 5
PENALTY = 0.1  # inverse strength, as scikit-learn has it
HEAVIEST = 20.0  # how many times the mean weight one sample may have


@dataclass(frozen=True, eq=False)
class Ratio:
    """How often each known sample is met in the traffic [N], in 0.. with mean 1.

    `auc`: how well the two are told apart. `effective`: known samples of equal weight that would say as much.
    """

    weights: Floats
    auc: float

    @property
    def effective(self) -> float:
        """Kish's effective number."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def density_ratio(known: Floats, traffic: Floats, blocks: tuple[Sequence[str], Sequence[str]], *, seed: int) -> Ratio:
    """Weighs known embeddings [N, D] as the traffic's [M, D] ask for; blocks are kept whole in a fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    both = np.concatenate(project(known, traffic, components=COMPONENTS, seed=seed))
    theirs = np.repeat([0, 1], [len(known), len(traffic)])
    groups = [f"known/{one}" for one in blocks[0]] + [f"traffic/{one}" for one in blocks[1]]
    folds = StratifiedGroupKFold(min(FOLDS, *(len({*side}) for side in blocks)), shuffle=True, random_state=seed)
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=200))
    share = cross_val_predict(judge, both, theirs, groups=groups, cv=folds, method="predict_proba")[:, 1]
    odds = (share / np.maximum(1 - share, 1e-12))[theirs == 0]
    weights = np.minimum(odds / odds.mean(), HEAVIEST)
    return Ratio(weights / weights.mean(), float(roc_auc_score(theirs, share)))
