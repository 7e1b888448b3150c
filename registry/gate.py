"""The gate: PROMOTE, HOLD or REJECT a challenger, from paired evidence on the same samples."""

import hashlib
import json
import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evaluation.bootstrap import Interval, bootstrap_interval
from evaluation.evaluate import MINIMUM_SLICE
from evaluation.metrics import METRICS
from evaluation.paired import mcnemar_midp, paired_difference, samples_needed
from evaluation.predictions import Predictions
from registry.config import GateConfig
from registry.errors import GateError

Outcome = Literal["PROMOTE", "HOLD", "REJECT"]
FROZEN = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Floor(BaseModel):
    """One condition that a challenger must meet whatever the comparison says."""

    model_config = FROZEN

    name: str = Field(description="what was measured")
    value: float = Field(description="what was found")
    limit: float = Field(description="what was allowed")
    rule: Literal["at least", "at most"] = Field(description="on which side of the limit the value must lie")
    passed: bool = Field(description="whether it does")


class Decision(BaseModel):
    """What the gate decided and everything that it decided on."""

    model_config = FROZEN

    outcome: Outcome = Field(description="PROMOTE, HOLD (not enough evidence) or REJECT")
    reasons: tuple[str, ...] = Field(description="why, most important first")
    notes: tuple[str, ...] = Field(default=(), description="what could not be compared, and why")
    metric: str = Field(description="the metric that decided")
    challenger: Interval = Field(description="the challenger's metric, in its own units")
    champion: Interval | None = Field(default=None, description="the champion's metric; none: there is no champion")
    difference: Interval | None = Field(default=None, description="paired improvement; above 0: challenger is better")
    mcnemar_p: float | None = Field(default=None, description="mid-p value of equal accuracy, for information only")
    samples: int = Field(description="samples both were judged on")
    groups: int = Field(description="groups they came in")
    samples_needed: int | None = Field(default=None, description="on HOLD: samples that would settle the question")
    floors: tuple[Floor, ...] = Field(description="every floor, passed or not")
    test_set: str = Field(description="sha256 of the samples' hashes in order")
    config: GateConfig = Field(description="the rule that was applied")

    def evidence(self) -> str:
        """Returns all of this as canonical JSON: sorted keys, no spaces; equal decisions give equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def sha256(self) -> str:
        """Hex digest of the evidence, as the ledger keeps it."""
        return hashlib.sha256(self.evidence().encode()).hexdigest()

    def markdown(self) -> str:
        """Returns the decision as Markdown: outcome, reasons, a table of the comparison and a table of the floors."""
        lines = [f"## {self.outcome}", "", *(f"- {reason}" for reason in (*self.reasons, *self.notes)), ""]
        lines += [f"| {self.metric} | estimate | {self.config.level:.0%} interval |", "|---|---|---|"]
        rows = {"challenger": self.challenger, "champion": self.champion, "improvement": self.difference}
        for name, interval in rows.items():
            if interval is not None:
                lines.append(f"| {name} | {interval.value:.4f} | {interval.low:.4f} to {interval.high:.4f} |")
        lines += ["", "| floor | found | allowed | |", "|---|---|---|---|"]
        for floor in self.floors:
            mark = "passed" if floor.passed else "**failed**"
            name = floor.name.replace("|", "\\|")
            lines.append(f"| {name} | {floor.value:.4g} | {floor.rule} {floor.limit:.4g} | {mark} |")
        tested = "" if self.mcnemar_p is None else f" McNemar mid-p {self.mcnemar_p:.3g} (accuracy, groups ignored)."
        lines += ["", f"{self.samples} samples in {self.groups} groups.{tested} Evidence `{self.sha256[:12]}`."]
        return "\n".join(lines)


def decide(
    challenger: Predictions, champion: Predictions | None, *, config: GateConfig, latency_ms: float, size_mb: float
) -> Decision:
    """Judges a challenger against the floors and, where there is a champion, against it on the same samples.

    A failed floor is REJECT. Without a champion, PROMOTE. Otherwise the interval of the paired improvement decides:
    all below 0 is REJECT, all above the superiority margin PROMOTE, all above minus the non-inferiority margin
    PROMOTE where that is set, anything else HOLD.

    Raises:
        GateError: the metric is undefined on these samples, or latency or size is no measurement.
        EvaluationError: the two are not about the same samples, or all samples are of one group.
    """
    _check_measured(latency_ms=latency_ms, size_mb=size_mb)
    current = _interval(challenger, config)
    floors = [_metric_floor(current, config), *_cost_floors(config, latency_ms, size_mb)]
    found: dict[str, Any] = {
        "metric": config.metric,
        "challenger": current,
        "samples": len(challenger),
        "groups": challenger.group_count,
        "test_set": hashlib.sha256("\n".join(challenger.hashes).encode()).hexdigest(),
        "config": config,
    }
    if champion is None:
        outcome, reason = _judge(floors, ("PROMOTE", "there is no champion and every floor holds"))
        return Decision(outcome=outcome, reasons=reason, floors=tuple(floors), **found)
    return _against(champion, challenger, floors, found, config)


def _against(
    champion: Predictions, challenger: Predictions, floors: list[Floor], found: dict[str, Any], config: GateConfig
) -> Decision:
    """Adds what the comparison with the champion says to what was `found` of the challenger alone."""
    difference = _improvement(champion, challenger, config)
    needed = samples_needed(difference, samples=len(challenger), effect=_effect(config), level=config.level)
    slices, notes = _slice_floors(champion, challenger, config)
    outcome, reasons = _judge([*floors, *slices], _compare(difference, needed, config, len(challenger)))
    return Decision(
        outcome=outcome,
        reasons=reasons,
        notes=tuple(notes),
        champion=_interval(champion, config),
        difference=difference,
        mcnemar_p=mcnemar_midp(champion, challenger),
        samples_needed=needed if outcome == "HOLD" else None,
        floors=(*floors, *slices),
        **found,
    )


def _judge(floors: list[Floor], verdict: tuple[Outcome, str]) -> tuple[Outcome, tuple[str, ...]]:
    """Lets failed floors overrule the verdict."""
    failed = [f"{f.name} is {f.value:.4g}, {f.rule} {f.limit:.4g} is required" for f in floors if not f.passed]
    return ("REJECT", tuple(failed)) if failed else (verdict[0], (verdict[1],))


def _compare(difference: Interval, needed: int, config: GateConfig, samples: int) -> tuple[Outcome, str]:
    """Reads the interval of the improvement."""
    found = f"{config.metric} improves by {difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
    if difference.high < 0:
        return "REJECT", f"significantly worse: {found}"
    if difference.low > config.superiority:
        return "PROMOTE", f"significantly better by more than {config.superiority:g}: {found}"
    if config.non_inferiority is not None and difference.low > -config.non_inferiority:
        return "PROMOTE", f"non-inferior: at most {config.non_inferiority:g} worse: {found}"
    if needed > samples:
        return "HOLD", f"not enough evidence: {found}; about {needed} samples would settle it, there are {samples}"
    return "HOLD", f"no relevant difference: {found}; one of {_effect(config):g} would have shown in {samples} samples"


def _check_measured(**measurements: float) -> None:
    for name, value in measurements.items():
        if not math.isfinite(value) or value < 0:
            raise GateError(f"{name}={value}: a finite number of at least 0 is needed; measure the package again")


def _interval(predictions: Predictions, config: GateConfig) -> Interval:
    interval = bootstrap_interval(
        config.metric, predictions, seed=config.seed, resamples=config.resamples, level=config.level
    )
    if not interval.is_finite:
        present = sorted({predictions.classes[index] for index in predictions.truth})
        found = f"{len(predictions)} samples in {predictions.group_count} groups hold {', '.join(present)}"
        raise GateError(
            f"{config.metric} is undefined on the test set: {found}; two classes in several groups are "
            "needed; enlarge the test split or choose another gate metric"
        )
    return interval


def _improvement(champion: Predictions, challenger: Predictions, config: GateConfig) -> Interval:
    """Paired difference turned so that above 0 means a better challenger."""
    raw = paired_difference(
        config.metric, champion, challenger, seed=config.seed, resamples=config.resamples, level=config.level
    )
    if METRICS[config.metric].greater_is_better:
        return raw
    return Interval(-raw.value, -raw.high, -raw.low)


def _effect(config: GateConfig) -> float:
    """The difference that the sample size is asked for: the margin of the question that the gate puts."""
    return config.minimum_effect if config.non_inferiority is None else config.non_inferiority


def _metric_floor(interval: Interval, config: GateConfig) -> Floor:
    if METRICS[config.metric].greater_is_better:
        return _at_least(f"{config.metric}, lower bound", interval.low, config.floor)
    return _at_most(f"{config.metric}, upper bound", interval.high, config.floor)


def _cost_floors(config: GateConfig, latency_ms: float, size_mb: float) -> list[Floor]:
    return [
        _at_most("latency in ms", latency_ms, config.max_latency_ms),
        _at_most("size in MB", size_mb, config.max_size_mb),
    ]


def _slice_floors(champion: Predictions, challenger: Predictions, config: GateConfig) -> tuple[list[Floor], list[str]]:
    """Compares every slice of at least 20 samples; notes name the slices that could not be compared.

    The limit is the margin, or the slice's own noise (half its interval) where that is larger: with many small
    slices the margin alone would reject good models by chance. A slice of one group has no interval, only the margin.
    """
    floors, notes = [], []
    for column, value, mask in challenger.slice_rows():
        before, after = champion.take(mask), challenger.take(mask)
        if len(after) < MINIMUM_SLICE:
            continue
        estimate, noise = _slice_change(before, after, config)
        if math.isnan(estimate):
            notes.append(f"slice {column}={value} was not compared: {config.metric} is undefined in it (one class)")
            continue
        limit = -max(config.slice_margin, noise)
        floors.append(_at_least(f"slice {column}={value}, {config.metric} improvement", estimate, limit))
    return floors, notes


def _slice_change(before: Predictions, after: Predictions, config: GateConfig) -> tuple[float, float]:
    """Improvement within a slice and how far above it its interval reaches (0 where there is no interval)."""
    if after.group_count > 1:
        change = _improvement(before, after, config)
        return change.value, max(change.high - change.value, 0.0) if change.is_finite else 0.0
    metric = METRICS[config.metric]
    values = [metric.function(part.truth, part.probabilities, part.weights) for part in (before, after)]
    return (values[1] - values[0]) * (1 if metric.greater_is_better else -1), 0.0


def _at_least(name: str, value: float, limit: float) -> Floor:
    return Floor(name=name, value=value, limit=limit, rule="at least", passed=bool(value >= limit))


def _at_most(name: str, value: float, limit: float) -> Floor:
    return Floor(name=name, value=value, limit=limit, rule="at most", passed=bool(value <= limit))
