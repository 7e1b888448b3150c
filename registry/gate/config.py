"""What a domain decides about promotion: the `gate:` section of its YAML."""

from pydantic import ConfigDict, Field

from evaluation.inference.bootstrap import Resampling
from evaluation.predictions.metrics import MetricName
from settings.config import Config


class ApprovalConfig(Config):
    """Who has to agree before a version that the gate let pass goes into production."""

    approvers: tuple[str, ...] = Field(min_length=1, description="names of those who may agree, one of them is enough")
    hours: float = Field(default=24.0, gt=0, le=720, description="how long the flow waits; then nothing changes")


class GateConfig(Config):
    """When a challenger takes the champion's place."""

    model_config = ConfigDict(allow_inf_nan=False)

    metric: MetricName = Field(default="auc", description="the metric that decides")
    floor: float = Field(
        description="limit for the challenger's metric: its lower bound must reach it (log_loss, brier: its upper "
        "bound must stay below)"
    )
    superiority: float = Field(default=0.0, ge=0, description="improvement that the interval's lower end must exceed")
    non_inferiority: float | None = Field(
        default=None, gt=0, description="loss that is accepted; unset: a challenger must be better, not merely as good"
    )
    minimum_effect: float = Field(
        default=0.01, gt=0, description="smallest improvement worth finding, over `superiority`; sizes a HOLD's sample"
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

    @property
    def resampling(self) -> Resampling:
        """How every interval is made."""
        return Resampling(self.seed, self.resamples, self.level)

    @property
    def question(self) -> str:
        """What a comparison asks of the test set: asked anew in another way, it is another look."""
        accepted = "" if self.non_inferiority is None else f" or at most {self.non_inferiority:g} worse"
        asked = f"{self.metric} better by more than {self.superiority:g}{accepted}"
        return f"{asked}; level {self.level:g}, seed {self.seed}, {self.resamples} resamples"
