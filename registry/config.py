"""What a domain decides about promotion: the `gate:` section of its YAML."""

from pydantic import BaseModel, ConfigDict, Field

from evaluation.metrics import MetricName


class GateConfig(BaseModel):
    """When a challenger takes the champion's place."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

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
        default=0.01, gt=0, description="smallest improvement worth finding; sizes the sample that a HOLD asks for"
    )
    level: float = Field(default=0.95, ge=0.5, lt=1, description="confidence level of all intervals")
    slice_margin: float = Field(default=0.05, ge=0, description="how much worse than the champion a slice may be")
    max_latency_ms: float = Field(default=1000.0, gt=0, description="longest time of one prediction, in milliseconds")
    max_size_mb: float = Field(default=1000.0, gt=0, description="largest size of the model package, in megabytes")
    resamples: int = Field(default=2000, ge=100, le=100_000, description="bootstrap resamples of every interval")
    seed: int = Field(default=0, ge=0, description="seed of the resampling")
