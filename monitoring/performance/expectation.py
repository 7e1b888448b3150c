"""What was to be expected of the champion when it was promoted: its metric on the test set, and the loss that is borne.

Traffic has no weights, so that the test samples count the same here, whatever the manifest says.
"""

from dataclasses import dataclass, replace

import numpy as np

from evaluation.inference.bootstrap import bootstrap_interval
from evaluation.inference.interval import Interval
from evaluation.predictions.metrics import Metric, metric_named
from evaluation.predictions.predictions import Predictions
from monitoring.performance.config import PerformanceConfig
from registry.gate.config import GateConfig

BY_SAMPLE = frozenset({"accuracy", "brier"})  # a mean of what single samples say, as a test after every batch needs it
BINARY = 2


@dataclass(frozen=True)
class Expectation:
    """A metric with its interval at promotion time, and the loss of it that is borne."""

    metric: str
    interval: Interval
    tolerance: float

    @property
    def chosen(self) -> Metric:
        """The metric itself."""
        return metric_named(self.metric)

    def loss(self, found: Interval) -> Interval:
        """How much worse than expected a value is, above 0 is worse; both intervals are in its ends.

        The ends are the root of the squared distances of theirs (MOVER: Zou and Donner 2008, "Construction of
        confidence limits about effect measures", Statistics in Medicine 27:1693-1702).
        """
        before, after = (self.interval, found) if self.chosen.greater_is_better else (found, self.interval)
        value = before.value - after.value
        down = float(np.hypot(before.value - before.low, after.high - after.value))
        up = float(np.hypot(before.high - before.value, after.value - after.low))
        return Interval(value, value - down, value + up)

    def after(self, loss: Interval) -> Interval:
        """What is left of the metric after such a loss; the ends are in those of both, as above."""
        found, sign = self.interval, -1 if self.chosen.greater_is_better else 1
        value = found.value + sign * loss.value
        lost = sorted((sign * loss.low, sign * loss.high))
        down = float(np.hypot(found.value - found.low, sign * loss.value - lost[0]))
        up = float(np.hypot(found.high - found.value, lost[1] - sign * loss.value))
        return Interval(value, value - down, value + up)

    @property
    def bound(self) -> float:
        """The metric at which harm begins: the worse end of what was expected, less the loss that is borne."""
        greater, found = self.chosen.greater_is_better, self.interval
        return found.low - self.tolerance if greater else found.high + self.tolerance


def watched_metric(metric: str, classes: int) -> str:
    """The gate's metric where it can be watched on a stream of labels and without any, else accuracy."""
    return metric if metric in BY_SAMPLE or (metric == "auc" and classes == BINARY) else "accuracy"


def expected_of(predictions: Predictions, gate: GateConfig, config: PerformanceConfig) -> Expectation:
    """What the champion's answers to the test samples promise, by the gate's metric or accuracy.

    The loss that is borne is the gate's margin.

    Raises:
        EvaluationError: all samples are of one group.
    """
    plain = replace(predictions, weights=np.ones(len(predictions)))
    metric = watched_metric(gate.metric, len(plain.classes))
    found = bootstrap_interval(metric, plain, config.resampling)
    chosen = metric_named(metric)
    error = abs(chosen.best - found.value)
    return Expectation(metric, found, gate.margin(error))
