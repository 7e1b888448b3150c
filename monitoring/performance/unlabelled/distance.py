"""How far off traffic lies, beyond what other sessions of the same traffic would."""

import numpy as np
import numpy.typing as npt

from evaluation.predictions.grouped import Floats, Grouped

COMPONENTS = 16
FLAT = 1e-6  # share of the first component's variance below which another is rounding alone


class Embedded(Grouped):
    """Samples with embeddings [N, D]."""

    embeddings: Floats


def distance(known: Embedded, traffic: Embedded) -> float:
    """How far the mean of the traffic lies from that of the known samples, in standard deviations of these.

    Mahalanobis' distance on the leading principal components of the known embeddings. What the means of as many
    sessions and groups differ by chance is taken off its square, so that quiet traffic lies about 0 off.
    """
    from sklearn.decomposition import PCA

    axes = PCA(min(COMPONENTS, *known.embeddings.shape), whiten=True, random_state=0).fit(known.embeddings)
    telling = axes.explained_variance_ > FLAT * axes.explained_variance_[0]
    here, there = (axes.transform(side.embeddings)[:, telling] for side in (known, traffic))
    square = float(((here.mean(axis=0) - there.mean(axis=0)) ** 2).sum())
    chance = _spread(here, known.group_index) + _spread(there, traffic.group_index)
    return float(np.sqrt(max(square - chance, 0.0)))


def _spread(rows: Floats, groups: npt.NDArray[np.int64]) -> float:
    """Squared standard error of the mean of rows [N, D], over all columns; rows of one group go together."""
    count = int(groups.max()) + 1
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, groups, rows - rows.mean(axis=0))
    return float((sums**2).sum() / len(rows) ** 2 * count / max(count - 1, 1))
