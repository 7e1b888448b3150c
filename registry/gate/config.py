"""What a domain decides about promotion: the `gate:` section of its YAML."""

import math
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from evaluation.inference.bootstrap import Resampling
from evaluation.predictions.metrics import MetricName
from settings.config import Config

USUAL_MARGIN, USUAL_SHARE = 0.02, 0.25  # of the metric's scale, and of the champion's error
FOLDS = 5  # of a head's cross-fitting
# Heads of folds share most of what they learned from, so that their errors go together: times 1/K + n_test/n_train
# instead of 1/K of the variance (Nadeau and Bengio 2003, "Inference for the Generalization Error", section 4).
OVERLAP = math.sqrt(1 + FOLDS / (FOLDS - 1))

Share = Annotated[float, Field(gt=0, le=0.5)]  # the champion answers the larger part, or half


class ApprovalConfig(Config):
    """Who has to agree before a version that the gate let pass goes into production."""

    approvers: tuple[str, ...] = Field(min_length=1, description="names of those who may agree, one of them is enough")
    hours: float = Field(default=24.0, gt=0, le=720, description="how long the flow waits; then nothing changes")


class CanaryConfig(Config):
    """How a PROVISIONAL challenger earns its evidence where the domain is served."""

    shares: tuple[Share, ...] = Field(
        default=(0.05, 0.2, 0.5),
        min_length=1,
        description="shares of callers that it answers, from nothing known to proof; all others it answers unseen",
    )
    hours: float = Field(default=168.0, gt=0, le=8760, description="how long; what is open then is HOLD")
    max_faults: float = Field(
        default=0.01, ge=0, lt=1, description="share of samples on which it alone may fail before it is withdrawn"
    )
    slowdown: float = Field(default=3.0, ge=1, description="how many times the champion's time a sample it may take")
    max_abstentions: float = Field(
        default=0.05, ge=0, lt=1, description="share of samples on which it may abstain beyond the champion's share"
    )

    def share(self, progress: float) -> float:
        """Share of callers that it answers when so much of the way to proof is gone, from 0 to 1."""
        return self.shares[min(int(progress * len(self.shares)), len(self.shares) - 1)]


class GateConfig(Config):
    """When a challenger takes the champion's place."""

    model_config = ConfigDict(allow_inf_nan=False)

    metric: MetricName = Field(default="auc", description="the metric that decides")
    floor: float = Field(
        description="limit for the challenger's metric: its lower bound must reach it (log_loss, brier: its upper "
        "bound must stay below)"
    )
    score: Literal["brier", "log_loss", "metric"] = Field(
        default="brier", description="what must surely be better; `metric`: the metric itself, which takes more samples"
    )
    evidence: Literal["test", "out_of_fold"] = Field(
        default="test",
        description="what champion and challenger are compared on: `test` samples, or all samples, those that a head "
        "learned from by cross-validation (`out_of_fold`; recipes on cached features that refit their head)",
    )
    superiority: float = Field(
        default=0.0, ge=0, description="improvement of the metric that a better challenger must show by its estimate"
    )
    non_inferiority: float | None = Field(
        default=None,
        ge=0,
        description="margin: a loss of the metric that your use bears; unset: the larger of 0.02 "
        "and a quarter of the champion's error; 0: none, a challenger must be better",
    )
    minimum_effect: float = Field(
        default=0.01, gt=0, description="smallest improvement worth finding; sizes the samples where no loss is borne"
    )
    total_margin: float = Field(
        default=0.01, ge=0, description="how far a challenger's estimate may lie below the best version so far"
    )
    level: float = Field(default=0.95, ge=0.5, lt=1, description="confidence level of all intervals")
    looks: int = Field(
        default=10, ge=1, description="comparisons on one test set; after them `regraft split refresh` draws another"
    )
    slice_margin: float = Field(default=0.05, ge=0, description="how much worse than the champion a slice may be")
    max_disparity: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="how far selection and error rates of the groups of evaluation.protected may surely lie apart; "
        "unset: disparities are told and decide nothing",
    )
    max_ece: float = Field(
        default=0.1, gt=0, le=1, description="largest calibration error; the lower end of its interval is judged"
    )
    max_latency_ms: float = Field(default=1000.0, gt=0, description="longest time of one prediction, in milliseconds")
    max_size_mb: float = Field(default=1000.0, gt=0, description="largest size of the model package, in megabytes")
    resamples: int = Field(default=2000, ge=100, le=100_000, description="bootstrap resamples of every interval")
    seed: int = Field(default=0, ge=0, description="seed of the resampling")
    approval: ApprovalConfig | None = Field(default=None, description="unset: a promotion needs nobody's agreement")
    canary: CanaryConfig | None = Field(
        default=None, description="set: a PROVISIONAL challenger answers a share of `regraft serve`'s requests"
    )

    def margin(self, error: float) -> float:
        """The loss of the metric that is borne, where the champion's error is that."""
        return max(USUAL_MARGIN, USUAL_SHARE * error) if self.non_inferiority is None else self.non_inferiority

    @property
    def resampling(self) -> Resampling:
        """How every interval is made."""
        return Resampling(self.seed, self.resamples, self.level)

    def paired(self, level: float) -> Resampling:
        """How intervals of paired differences are made at that level: out of fold, corrected for overlap."""
        return replace(self.resampling, level=level, stretch=OVERLAP if self.evidence == "out_of_fold" else 1.0)

    @property
    def question(self) -> str:
        """What a comparison asks of the test set: asked anew in another way, it is another look."""
        borne = "by the usual margin" if self.non_inferiority is None else f"by {self.non_inferiority:g}"
        asked = f"{self.metric} better by {self.superiority:g} and surely by {self.score}, or at most {borne} worse"
        where = ", out of fold" if self.evidence == "out_of_fold" else ""
        return f"{asked}; level {self.level:g}, seed {self.seed}, {self.resamples} resamples{where}"
