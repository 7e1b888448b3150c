"""Does the estimate hold where the truth is known? Its errors on shifts of known samples, real ones or drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import metric_named
from monitoring.performance.estimate import Traffic, estimator_of
from monitoring.performance.known import Known

COVERED = 0.9  # share of the shifts whose error is within the room
COMPONENTS = 16
REPEATS = 5  # of drawn shifts of each kind
TILT = 9.0  # how many times as often the one half of a class or cluster shift is drawn


@dataclass(frozen=True)
class Trial:
    """One shift: its name, how far off it lies, what was estimated and what was true."""

    shift: str
    distance: float
    estimate: float
    truth: float


@dataclass(frozen=True)
class Validation:
    """What the estimate was tried on; `expected` is the metric of the known samples as they are."""

    metric: str
    expected: float
    trials: tuple[Trial, ...]

    @property
    def room(self) -> float:
        """The error that nine in ten shifts do not exceed; so much is added to the ends of an interval."""
        return float(np.quantile(self._errors, COVERED, method="higher"))

    @property
    def reach(self) -> float:
        """How far off the farthest shift lies."""
        return max(trial.distance for trial in self.trials)

    @property
    def skill(self) -> float:
        """Share of the changes that the estimate explains: 1 all, 0 or less no more than "nothing has changed" does."""
        changes = np.array([trial.truth - self.expected for trial in self.trials])
        return float(1 - np.abs(self._errors).mean() / max(np.abs(changes).mean(), 1e-12))

    @property
    def _errors(self) -> Floats:
        return np.array([abs(trial.estimate - trial.truth) for trial in self.trials])


def distance(known: Floats, traffic: Floats) -> float:
    """How far the mean of traffic [M, D] lies from that of known embeddings [N, D], in their standard deviations.

    Mahalanobis, on the leading principal components of the known ones.
    """
    from sklearn.decomposition import PCA

    axes = PCA(min(COMPONENTS, *known.shape), whiten=True, random_state=0).fit(known)
    return float(np.linalg.norm(axes.transform(traffic).mean(axis=0)))


def validate(metric: str, known: Known, shifted: Mapping[str, Known], *, seed: int) -> Validation:
    """Estimates the metric of shifts whose truth is known, each from known samples that have no part in it.

    Args:
        metric: that is estimated.
        known: samples as they are.
        shifted: the same samples, changed, by the name of the change; none: classes and clusters are drawn oftener.
        seed: of halves and draws.
    """
    trials = []
    for name, base, changed in _real(known, shifted, seed) if shifted else _drawn(known, seed):
        traffic = Traffic(changed.probabilities, changed.embeddings, np.ones(len(changed)), changed.groups)
        found = estimator_of(metric, base, traffic, seed=seed).value
        truth = _truth(metric, changed)
        if np.isfinite([found, truth]).all():
            trials.append(Trial(name, distance(base.embeddings, changed.embeddings), found, truth))
    return Validation(metric, _truth(metric, known), tuple(trials))


def _truth(metric: str, known: Known) -> float:
    return metric_named(metric).function(known.truth, known.probabilities, known.weights)


Shift = tuple[str, Known, Known]


def _real(known: Known, shifted: Mapping[str, Known], seed: int) -> Iterator[Shift]:
    for number, (name, changed) in enumerate(shifted.items()):
        half = _half(known, np.random.default_rng([seed, number]))
        yield name, known.take(half), changed.take(~half)


def _drawn(known: Known, seed: int) -> Iterator[Shift]:
    """One class, and one cluster of the embeddings, that is met more often than it was."""
    from sklearn.cluster import KMeans

    generator = np.random.default_rng(seed)
    for number in range(REPEATS):
        half = _half(known, generator)
        base, other = known.take(half), known.take(~half)
        cluster = KMeans(2, n_init=1, random_state=number).fit_predict(other.embeddings)
        for name, marked in (("class", other.truth == generator.choice(other.truth)), ("cluster", cluster == 1)):
            for often, text in ((TILT, "oftener"), (1 / TILT, "rarer")):
                chance = np.where(marked, often, 1.0)
                drawn = generator.choice(len(other), len(other), p=chance / chance.sum())
                yield f"{name} {text} {number}", base, other.take(drawn)


def _half(known: Known, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Marks half of the groups."""
    places = known.group_index
    return np.asarray(generator.permutation(known.group_count)[places] < known.group_count / 2)
