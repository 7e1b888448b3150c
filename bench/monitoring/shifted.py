"""Shifts of real samples: a population as it is, and the same as it drifts, each with what the model says of it.

ELPV: monocrystalline cells of modules that the probe had not seen; polycrystalline cells among them, and corruptions.
Fashion-MNIST: test images; corruptions, a class that comes three times as often, one that is missing, and one that the
probe (of another training, without it) does not know.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.monitoring.pool import SEVERITIES, TEST, Answered, Pool, load_answers
from monitoring.arrays import Array

PARTS = (0.05, 0.1, 0.2, 0.5, 1.0)
REFERENCE = {"elpv": 260, "fashion": 1000}
UNKNOWN, MISSING = 5, 0  # sandals and shirts of the ten classes
OFTENER = 3.0


@dataclass(frozen=True, eq=False)
class Shift:
    """Samples that take the place of a share of a window's; `weights` [N]: how often each is drawn, relatively."""

    name: str
    samples: Answered
    share: float
    weights: Array


@dataclass(frozen=True, eq=False)
class Population:
    """Samples without a shift, and the shifts."""

    quiet: Answered
    shifts: list[Shift]


def populations(root: Path, data: str, images: Path) -> list[Population]:
    """The population of a data set and its shifts; an unknown class has a population of its own, which lacks it."""
    pool = load_answers(root, data, images)
    quiet = pool[TEST]
    corrupted = [
        _all(f"{name}", part)
        for name, part in sorted(pool.items())
        if name.partition(" ")[2] in {str(severity) for severity in SEVERITIES}
    ]
    if data == "elpv":
        poly = pool["polycrystalline"]
        mixed = [Shift(f"polycrystalline {share:.0%}", poly, share, np.ones(len(poly.truth))) for share in PARTS]
        return [Population(quiet, mixed + corrupted)]
    oftener = Shift("one class three times as often", quiet, 1.0, np.where(quiet.truth == MISSING, OFTENER, 1.0))
    missing = Shift("one class missing", quiet, 1.0, np.where(quiet.truth == MISSING, 0.0, 1.0))
    return [Population(quiet, [*corrupted, oftener, missing]), _unknown(pool)]


def _all(name: str, part: Answered) -> Shift:
    return Shift(name, part, 1.0, np.ones(len(part.truth)))


def _unknown(pool: Pool) -> Population:
    """A probe that has learned nine classes, and samples of the tenth."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, test = pool["known"], pool[TEST]
    learned = known.truth != UNKNOWN
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    probe.fit(known.embeddings[learned], known.truth[learned])
    said = Answered(probe.predict_proba(test.embeddings), test.embeddings, test.truth, test.groups)
    quiet, new = said.take(np.flatnonzero(test.truth != UNKNOWN)), said.take(np.flatnonzero(test.truth == UNKNOWN))
    return Population(quiet, [Shift(f"new class {share:.0%}", new, share, np.ones(len(new.truth))) for share in PARTS])
