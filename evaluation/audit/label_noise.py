"""Label noise: samples whose label a model that never saw them, nor their group, confidently contradicts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.errors import EvaluationError
from lightning_modules.insight.transferability import Fold, grouped_folds

FOLDS = 5
COMPONENTS = 128
PENALTY = 0.01  # inverse strength; features of a pretrained backbone are many and correlated
COLUMNS = ["place", "suggested", "own_probability", "suggested_probability"]


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known of N samples: class indices [N] into `classes`, groups [N], and the weights [N] of a fit."""

    indices: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]
    weights: npt.NDArray[np.float64]
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """Candidates, columns COLUMNS, the least probable label first; `place` is one in the manifest.

    `accuracy` is that of the out-of-fold predictions: the lower, the more candidates are hard and not wrong.
    """

    candidates: pd.DataFrame
    accuracy: float
    folds: int


def find_label_noise(
    features: npt.NDArray[np.float32],
    labels: Labels,
    *,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LabelNoise:
    """Candidates by confident learning (Northcutt et al. 2021, arXiv 1911.00068) as cleanlab does it.

    `features` [N, D]; a group stays on one side of a fold.

    Raises:
        EvaluationError: a class lies in fewer than two groups, or within one fold.
    """
    from cleanlab.filter import find_label_issues

    indices = labels.indices
    parts = _folds(labels, seed)
    probabilities = _out_of_fold(_components(features), labels, parts, progress)
    chosen = find_label_issues(
        indices, probabilities, return_indices_ranked_by="self_confidence", filter_by="confident_learning", n_jobs=1
    )
    suggested = probabilities.argmax(axis=1)
    values = (
        chosen,
        np.array(labels.classes)[suggested[chosen]],
        probabilities[chosen, indices[chosen]],
        probabilities[chosen, suggested[chosen]],
    )
    candidates = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
    return LabelNoise(candidates, float(np.mean(suggested == indices)), len(parts))


def _folds(labels: Labels, seed: int) -> list[Fold]:
    """Folds whose training parts hold every class."""
    indices, groups, classes = labels.indices, labels.groups, labels.classes
    if len(np.unique(groups)) < 2:
        raise EvaluationError(
            f"all {len(indices)} samples are of one group ({groups[0]}): no model can be judged on samples of another; "
            "give the source a group column with several values, or none"
        )
    held = [len(np.unique(groups[indices == number])) for number in range(len(classes))]
    fewest = int(np.argmin(held))
    if held[fewest] < 2:
        raise EvaluationError(
            f"class {classes[fewest]!r} lies in {held[fewest]} group(s) with {np.sum(indices == fewest)} sample(s); "
            "two groups are needed, one to learn it from and one to judge: add samples"
        )
    parts = grouped_folds(indices, groups, folds=min(FOLDS, held[fewest]), seed=seed)
    for train, _ in parts:
        for number in set(range(len(classes))) - set(indices[train]):
            raise EvaluationError(
                f"class {classes[number]!r} falls into one fold as a whole: its {held[number]} groups are too uneven; "
                "add samples of it in other groups"
            )
    return parts


def _components(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Leading principal components [N, C] of the standardised features, which make the fits ten times as quick."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    standardised = StandardScaler().fit_transform(features)
    count = min(COMPONENTS, *features.shape)
    reduced: npt.NDArray[np.float32] = PCA(count, svd_solver="covariance_eigh").fit_transform(standardised)
    return reduced


def _out_of_fold(
    features: npt.NDArray[np.float32], labels: Labels, parts: list[Fold], progress: Callable[[int, int], None]
) -> npt.NDArray[np.float64]:
    """Probabilities [N, K] of a logistic regression that was fitted on the other folds."""
    from sklearn.linear_model import LogisticRegression

    probabilities = np.empty((len(features), int(labels.indices.max()) + 1))
    for done, (train, held_out) in enumerate(parts, 1):
        model = LogisticRegression(C=PENALTY, max_iter=500, tol=1e-3)
        model.fit(features[train], labels.indices[train], sample_weight=labels.weights[train])
        probabilities[held_out] = model.predict_proba(features[held_out])
        progress(done, len(parts))
    return probabilities
