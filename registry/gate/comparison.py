"""What the paired improvements say: better, as good, worse, or too little to tell."""

from dataclasses import dataclass
from typing import NamedTuple

from evaluation.inference.interval import Interval
from evaluation.inference.paired import improvement, samples_needed
from evaluation.predictions.metrics import METRICS, MetricName
from evaluation.predictions.predictions import Predictions
from registry.gate.config import GateConfig
from registry.gate.decision import Outcome

MANY = 10  # times the samples that there are: more are not labelled for the sake of one comparison
SCORE_SHARE = 0.075  # of the champion's own score: the loss of it that goes with a borne loss of the metric


class Finding(NamedTuple):
    """An outcome and why."""

    outcome: Outcome
    reason: str
    better: bool = False


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same samples.

    Attributes:
        difference: improvement of the headline metric; above 0 the challenger is better.
        gain: improvement of the score that shows which one is better; where that is the metric, `difference`.
        margin: loss of the metric that is borne.
        score_margin: loss of the score that goes with it.
        needed: samples that would settle whether the challenger is as good.
    """

    config: GateConfig
    difference: Interval
    gain: Interval
    margin: float
    score_margin: float
    samples: int
    needed: int

    @property
    def finding(self) -> Finding:
        """What the intervals say.

        REJECT where all of the metric's lies below minus the margin. PROMOTE what is surely better by the score and not
        worse by the metric's estimate, or surely not worse than is borne by both. PROVISIONAL where neither is shown
        and the score does not speak against it; HOLD the rest.
        """
        if self.difference.high < -self.margin:
            return Finding("REJECT", f"worse by more than {self.margin:.3g}: {self._found}")
        if self._better:
            return Finding("PROMOTE", f"better: {self._found}", better=True)
        if self._as_good:
            return Finding("PROMOTE", f"non-inferior: at most {self.margin:.3g} worse: {self._found}")
        if self.gain.value >= 0 and self.difference.value > -max(self.margin, self.config.minimum_effect):
            return Finding("PROVISIONAL", f"neither harm nor gain is shown: {self._found}; {self._open}")
        return Finding("HOLD", f"not enough evidence: {self._found}; {self._open}")

    @property
    def within_reach(self) -> bool:
        """Whether labelling more samples is a way to settle what is open."""
        return self.samples < self.needed <= MANY * self.samples

    @property
    def _better(self) -> bool:
        if self.config.score == "metric":
            return self.difference.low > self.config.superiority
        return self.gain.low > 0 and self.difference.value >= self.config.superiority

    @property
    def _as_good(self) -> bool:
        return self.margin > 0 and self.difference.low > -self.margin and self.gain.low > -self.score_margin

    @property
    def _found(self) -> str:
        metric = f"{self.config.metric} improves by {_text(self.difference)}"
        return metric if self.config.score == "metric" else f"{metric}, {self.config.score} by {_text(self.gain)}"

    @property
    def _open(self) -> str:
        worst = f"it could be up to {max(-self.difference.low, 0):.3g} worse"
        if self.within_reach:
            return f"{worst}; about {self.needed} samples would settle it, there are {self.samples}"
        if self.needed > self.samples:
            return f"{worst}; even {MANY} times the {self.samples} samples that there are would not settle it"
        return f"{worst}; {self.samples} samples would have shown a difference that matters"


def compare(champion: Predictions, challenger: Predictions, config: GateConfig, level: float) -> Comparison:
    """Compares two models on the same samples, by intervals at that level.

    Raises:
        EvaluationError: the two are not about the same samples, or all samples are of one group.
    """
    resampling = config.paired(level)
    score: MetricName = config.metric if config.score == "metric" else config.score
    difference = improvement(config.metric, champion, challenger, resampling)
    gain = difference if score == config.metric else improvement(score, champion, challenger, resampling)
    margin = config.margin(_error(config.metric, champion))
    share = margin if score == config.metric else SCORE_SHARE * _error(score, champion)
    samples, groups = len(challenger), challenger.group_count
    asked = [(difference, margin or config.minimum_effect), (gain, share or config.minimum_effect)]
    needed = [samples_needed(one, samples=samples, groups=groups, effect=effect, level=level) for one, effect in asked]
    return Comparison(config, difference, gain, margin, share, samples, max(needed))


def _error(name: MetricName, predictions: Predictions) -> float:
    """How far a model is from the best that the metric knows."""
    metric = METRICS[name]
    return abs(metric.best - metric.function(predictions.truth, predictions.probabilities, predictions.weights))


def _text(found: Interval) -> str:
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
