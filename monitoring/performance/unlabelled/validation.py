"""Does the estimate hold where the truth is known? What shifts of known samples teach about its errors.

Confidence falls less than accuracy where samples look strange, and the more so the stranger they look. How much that is
for this model can be learned from shifts whose truth is known (Deng and Zheng 2021, "Are Labels Always Necessary for
Classifier Accuracy Evaluation?"; Guillory et al. 2021, arXiv 2107.03315): the true loss is a part of the estimated one
and a part of the squared distance. Each kind of shift is judged by what the other kinds teach, so that the errors are
those on a shift of a kind that was not tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluation.inference.interval import Interval
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import metric_named
from monitoring.performance.unlabelled.distance import distance
from monitoring.performance.unlabelled.estimate import Estimator, Traffic, estimator_of
from monitoring.performance.unlabelled.known import Known
from monitoring.performance.unlabelled.shifts import drawn_shifts

COVERED = 0.95  # share of the shifts whose error is within the room
LEAST_GROUPS = 10  # of which a shift must be, to teach of others
AS_IT_IS = np.array([1.0, 0.0])  # the estimated loss, where nothing corrects it
NEAREST = 12  # shifts by which the room is told


@dataclass(frozen=True)
class Trial:
    """One shift: its kind, how far off it lies, how much was estimated to be lost there and what truly was."""

    kind: str
    distance: float
    estimated: float
    lost: float


@dataclass(frozen=True)
class Validation:
    """What the estimate of a metric was tried on."""

    metric: str
    trials: tuple[Trial, ...]

    def loss(self, estimated: float, distance: float, half: float) -> Interval:
        """The loss that an estimated one at such a distance means; `half` is half of the estimate's interval."""
        value = float(_features(estimated, distance) @ self._lesson)
        reach = float(np.hypot(self._lesson[0] * half, self.room(distance)))
        return Interval(value, value - reach, value + reach)

    def room(self, distance: float) -> float:
        """The error that nearly all shifts at about this distance do not exceed."""
        nearest = np.argsort([abs(trial.distance - distance) for trial in self.trials], kind="stable")[:NEAREST]
        return float(np.quantile(np.abs(self.errors[nearest]), COVERED, method="higher"))

    @property
    def reach(self) -> float:
        """How far off the farthest shift lies."""
        return max(trial.distance for trial in self.trials)

    @property
    def skill(self) -> float:
        """Share of the losses that is explained: 1 all, 0 or less no more than "nothing has changed" does."""
        lost = np.array([trial.lost for trial in self.trials])
        return float(1 - np.abs(self.errors).mean() / max(np.abs(lost).mean(), 1e-12))

    @cached_property
    def errors(self) -> Floats:
        """Loss less what the other kinds of shifts let expect, of each trial."""
        return np.array([trial.lost - self._by_others(trial) for trial in self.trials])

    @cached_property
    def _lesson(self) -> Floats:
        return _learned(self.trials)

    def _by_others(self, trial: Trial) -> float:
        others = [other for other in self.trials if other.kind != trial.kind]
        return float(_features(trial.estimated, trial.distance) @ _learned(others))


def validate(metric: str, known: Known, shifted: Iterable[tuple[str, Known, Known]] = (), *, seed: int) -> Validation:
    """Estimates the loss on shifts whose truth is known.

    Args:
        metric: that is estimated.
        known: samples by which the champion's confidence is judged.
        shifted: kind of a shift, other samples as they are and the same under it, as corruptions of test samples; none,
            or of fewer than 10 groups: classes and clusters of the known samples are drawn oftener and rarer.
        seed: of the draws.
    """
    given = [(kind, known, plain, changed) for kind, plain, changed in shifted if changed.group_count >= LEAST_GROUPS]
    given = given or [*drawn_shifts(known, seed)]
    trials = [_trial(metric, *shift, seed=seed) for shift in given]
    return Validation(metric, tuple(trial for trial in trials if np.isfinite([trial.estimated, trial.lost]).all()))


def _trial(metric: str, kind: str, base: Known, plain: Known, changed: Known, *, seed: int) -> Trial:
    asked = Traffic(changed.probabilities, changed.embeddings, changed.weights, changed.groups)
    estimated = estimated_loss(estimator_of(metric, base, asked, seed=seed))
    lost = _worse(metric, _truth(metric, plain), _truth(metric, changed))
    return Trial(kind, distance(base, changed), estimated, lost)


def estimated_loss(estimator: Estimator) -> float:
    """How much worse than on the known samples the metric is estimated to be, as confidence alone has it."""
    metric = estimator.metric
    return _worse(metric, _truth(metric, estimator.known), estimator.value)


def _worse(metric: str, before: float, after: float) -> float:
    return before - after if metric_named(metric).greater_is_better else after - before


def _truth(metric: str, known: Known) -> float:
    return metric_named(metric).function(known.truth, known.probabilities, known.weights)


def _features(estimated: float, distance: float) -> Floats:
    return np.array([estimated, distance**2])


def _learned(trials: Sequence[Trial]) -> Floats:
    """What part of the estimated loss, and how much for a squared distance, is truly lost; neither is negative."""
    from scipy.optimize import nnls

    if not trials:
        return AS_IT_IS
    rows = np.array([_features(trial.estimated, trial.distance) for trial in trials])
    return np.asarray(nnls(rows, np.array([trial.lost for trial in trials]))[0])
