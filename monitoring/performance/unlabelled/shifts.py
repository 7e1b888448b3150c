"""Shifts of known samples, drawn from themselves: for packages whose shifts by corruption nobody has measured."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from monitoring.performance.unlabelled.known import Known

REPEATS = 5  # of each kind
TILT = 9.0  # how many times as often the one part is drawn
Shift = tuple[str, Known, Known, Known]


def drawn_shifts(known: Known, seed: int) -> Iterator[Shift]:
    """Yields a kind, one half of the groups, the other half as it is, and with a class or cluster oftener or rarer."""
    from sklearn.cluster import KMeans

    generator = np.random.default_rng(seed)
    for number in range(REPEATS):
        half = _half(known, generator)
        base, other = known.take(half), known.take(~half)
        cluster = KMeans(2, n_init=1, random_state=number).fit_predict(other.embeddings)
        parts = ("class", other.truth == generator.choice(other.truth)), ("cluster", cluster == 1)
        for (kind, marked), (often, word) in product(parts, ((TILT, "oftener"), (1 / TILT, "rarer"))):
            chance = np.where(marked, often, 1.0)
            drawn = generator.choice(len(other), len(other), p=chance / chance.sum())
            yield f"{kind} {word}", base, other, other.take(drawn)


def _half(known: Known, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Marks half of the groups."""
    order = generator.permutation(known.group_count)
    return np.asarray(order[known.group_index] < known.group_count / 2)
