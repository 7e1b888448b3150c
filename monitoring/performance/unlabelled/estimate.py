"""The metric of traffic without labels: by the champion's confidence, corrected by its gap to the truth where known.

The estimate is the metric that the champion's confidence lets expect of the traffic (CBPE, arXiv 2505.05295), plus the
gap between truth and confidence on known samples, weighed as the traffic asks for. It is right where either the weights
or the confidence are (doubly robust); the temperature is refitted with the same weights, as PAPE refits its calibration
(arXiv 2401.08348).
"""

from dataclasses import dataclass

import numpy as np

from evaluation.inference.bootstrap import Resampling, percentile_interval, resampled_weights
from evaluation.inference.calibration import fit_temperature, tempered
from evaluation.inference.interval import Interval
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import metric_named
from monitoring.performance.unlabelled.confidence import believed_metric
from monitoring.performance.unlabelled.density import Ratio, density_ratio
from monitoring.performance.unlabelled.distance import Embedded
from monitoring.performance.unlabelled.known import Known


@dataclass(frozen=True, eq=False)
class Traffic(Embedded):
    """What the champion said of samples without labels; `groups` are their sessions."""

    probabilities: Floats
    embeddings: Floats
    weights: Floats
    groups: list[str]


@dataclass(frozen=True, eq=False)
class Estimator:
    """What is needed to estimate one metric of one traffic; `ratio` weighs the known samples."""

    metric: str
    known: Known
    traffic: Traffic
    ratio: Ratio
    temperature: float

    @property
    def value(self) -> float:
        """The estimate."""
        ones = np.ones((1, len(self.traffic.weights)))
        return float(self._estimates(ones, self.ratio.weights[None])[0])

    def interval(self, resampling: Resampling) -> Interval:
        """The estimate, with the ends that other sessions of the traffic and other known groups would give."""
        traffic, known = (np.concatenate([*resampled_weights(one, resampling)]) for one in (self.traffic, self.known))
        found = self._estimates(traffic, known * self.ratio.weights)
        groups = min(self.traffic.group_count, self.known.group_count)
        return percentile_interval(self.value, found, groups=groups, level=resampling.level)

    def _estimates(self, traffic: Floats, known: Floats) -> Floats:
        """Estimates [R] under weights of the traffic [R, M] and of the known samples [R, N]."""
        chosen, there, asked = metric_named(self.metric), self.known, self.traffic.probabilities
        hoped = believed_metric(self.metric, asked, tempered(asked, self.temperature), traffic)
        claimed = believed_metric(
            self.metric, there.probabilities, tempered(there.probabilities, self.temperature), known
        )
        found = chosen.batch(there.truth, there.probabilities, known)
        lowest, highest = sorted((chosen.worst, chosen.best))
        return np.clip(hoped + found - claimed, lowest, highest)


def estimator_of(metric: str, known: Known, traffic: Traffic, *, seed: int) -> Estimator:
    """Prepares the estimate."""
    ratio = density_ratio(known.embeddings, traffic.embeddings, (known.groups, traffic.groups), seed=seed)
    temperature = fit_temperature(known.probabilities, known.truth, ratio.weights)
    return Estimator(metric, known, traffic, ratio, temperature)
