"""How well frozen features fit a task: scores that need no training of the backbone.

Every score is taken of the training split alone; folds keep a group on one side.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data.errors import ValidationError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
ITERATIONS = 100
TOLERANCE = 1e-4  # relative change of the penalty at which the evidence no longer moves
PENALTIES = 1e-9, 1e9  # useless features drive the penalty to infinity, an exact fit drives it to nothing


def logme(features: npt.NDArray[np.floating], labels: Labels) -> float:
    """LogME of features [N, D] for labels [N]: mean log evidence a sample of one linear model for each class.

    Weights have a Gaussian prior and labels Gaussian noise; both precisions are those of the highest evidence (You et
    al. 2021, arXiv 2102.11005). More is better; only scores of the same labels compare. The scale of the features has
    no say. A singular value decomposition carries it, so D may exceed N.
    """
    wide = np.asarray(features, np.float64)
    targets = (labels[:, None] == np.unique(labels)).astype(np.float64)
    left, singular, _ = np.linalg.svd(wide / (np.linalg.norm(wide) or 1.0), full_matrices=False)
    explained = (left.T @ targets) ** 2
    rest = np.maximum(targets.sum(axis=0) - explained.sum(axis=0), 0.0)
    return float(_evidence(singular**2 * len(wide), explained, rest, len(wide)).mean())


def logme_folds(features: npt.NDArray[np.floating], labels: Labels, parts: Sequence[Fold]) -> Floats:
    """LogME of the training part of each fold: how much the score owes to the sample; [folds].

    The parts overlap, so that the spread is a hint and no confidence interval.
    """
    return np.array([logme(features[train], labels[train]) for train, _ in parts])


def knn_accuracy(features: npt.NDArray[np.floating], labels: Labels, parts: Sequence[Fold], *, k: int) -> Floats:
    """Accuracy, 0 to 1, of a vote among the k nearest neighbours by cosine in features [N, D]; one a fold."""
    from sklearn.neighbors import KNeighborsClassifier

    accuracies = []
    for train, held_out in parts:
        voters = KNeighborsClassifier(min(k, len(train)), metric="cosine").fit(features[train], labels[train])
        accuracies.append(np.mean(voters.predict(features[held_out]) == labels[held_out]))
    return np.array(accuracies)


def leep(source_probabilities: npt.NDArray[np.floating], labels: Labels) -> float:
    """LEEP of source probabilities [N, Z] for labels [N]: 0 at best, without bound below.

    Mean log likelihood of the label when the source class is drawn from the source model and the label from what goes
    with that class on average (Nguyen et al. 2020, arXiv 2002.12462).
    """
    source = np.asarray(source_probabilities, np.float64)
    _, codes = np.unique(labels, return_inverse=True)
    joint = np.zeros((codes.max() + 1, source.shape[1]))
    np.add.at(joint, codes, source)
    of_label = joint / np.maximum(joint.sum(axis=0), np.finfo(np.float64).tiny)
    expected = np.einsum("nz,nz->n", of_label[codes], source)
    return float(np.log(expected).mean())


def grouped_folds(labels: Labels, groups: npt.NDArray[np.str_], *, folds: int, seed: int) -> list[Fold]:
    """Positions to fit on and positions held out, stratified by label; no group is on both sides of a fold.

    There are fewer folds where there are fewer groups, or fewer samples of every class.

    Raises:
        ValidationError: there are fewer than two groups, or no class has two samples.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    possible = min(len(np.unique(groups)), np.unique(labels, return_counts=True)[1].max(initial=0))
    if possible < 2:
        raise ValidationError(
            f"{len(labels)} training samples in {len(np.unique(groups))} groups cannot be cross-validated; two groups "
            "and two samples of a class are needed: add samples"
        )
    splitter = StratifiedGroupKFold(min(folds, int(possible)), shuffle=True, random_state=seed)
    parts = splitter.split(np.zeros(len(labels)), labels, groups)
    return [(train, held_out) for train, held_out in parts if len(train) and len(held_out)]


def _evidence(spectrum: Floats, explained: Floats, rest: Floats, samples: int) -> Floats:
    """Highest log evidence a sample for each class: [C].

    `spectrum` [R] are the squared singular values, `explained` [R, C] the squared targets along them, `rest` [C] what
    no direction explains. The penalty is the prior's precision over the noise's; given it, the noise has a closed form.
    """
    penalty = np.ones(explained.shape[1])
    for _ in range(ITERATIONS):
        before, penalty = penalty, _next_penalty(penalty, spectrum, explained, rest, samples)
        if np.all(np.abs(penalty - before) <= TOLERANCE * before):
            break
    weights, errors, _ = _moments(penalty, spectrum, explained, rest)
    noise = samples / (errors + penalty * weights)
    shrunk = np.log1p(spectrum[:, None] / penalty).sum(axis=0)
    evidence: Floats = (samples * (np.log(noise) - np.log(2 * np.pi) - 1) - shrunk) / (2 * samples)
    return evidence


def _next_penalty(penalty: Floats, spectrum: Floats, explained: Floats, rest: Floats, samples: int) -> Floats:
    """One step of the fixed-point iteration (MacKay 1992), kept within bounds."""
    weights, errors, effective = _moments(penalty, spectrum, explained, rest)
    tiny = np.finfo(np.float64).tiny
    step = effective * errors / np.maximum(np.maximum(samples - effective, tiny) * weights, tiny)
    bounded: Floats = np.clip(step, *PENALTIES)
    return bounded


def _moments(penalty: Floats, spectrum: Floats, explained: Floats, rest: Floats) -> tuple[Floats, Floats, Floats]:
    """Squared norm of the weights, squared error and effective number of directions, each [C]."""
    raised = spectrum[:, None] + penalty
    weights = (spectrum[:, None] * explained / raised**2).sum(axis=0)
    errors = (explained * (penalty / raised) ** 2).sum(axis=0) + rest
    return weights, errors, (spectrum[:, None] / raised).sum(axis=0)
