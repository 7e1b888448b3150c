"""The gate's decision: one typed value, one JSON that is its evidence, one page."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evaluation.inference.disparity import Disparity
from evaluation.inference.interval import Interval
from registry.gate.config import GateConfig
from registry.gate.spending import Turn

Outcome = Literal["PROMOTE", "PROVISIONAL", "HOLD", "REJECT"]
MEANING: dict[Outcome, str] = {
    "PROMOTE": "The challenger may go into production.",
    "PROVISIONAL": "The champion goes on serving, unless a person approves: these samples show neither that the "
    "challenger is worse nor that it is as good.",
    "HOLD": "The champion goes on serving: this is not enough to replace it.",
    "REJECT": "The challenger does not go into production: it breaks a rule, or is surely worse than is borne.",
}
LEGEND = {
    "| level |": "*interval*: where the figure may well lie among all samples like these, not only the ones that were "
    "seen. At a level of 95 % it misses in 5 of 100 cases; a later comparison on the same test set has to be surer.",
    "| improvement |": "*improvement*: challenger against champion on the same samples. Below 0 the challenger did "
    "worse; where the interval holds 0, it may be either.",
    "| improvement of brier |": "*brier*: how far the probabilities lie from the truth, so that a sure answer counts "
    "more than a doubtful one; an improvement above 0 means closer.",
    ", lower bound |": "*lower bound*: the lower end of an interval, which is what surely holds.",
    "| calibration error": "*calibration error*: how far sureness and share of right answers lie apart.",
    "| slice ": "*p* of a slice: how likely such a loss is by chance, were the slice worse by just the margin. Below "
    "the limit chance does not explain it. *Holm*: corrected for the number of slices.",
}
FROZEN = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Measured:
    """What was measured of a challenger's package.

    Attributes:
        latency_ms: 95th percentile of the time of one prediction on this machine.
        size_mb: size of what is served.
        parity: largest difference of a probability from the network's on the golden batch.
        parity_limit: the largest that is allowed.
        card_gaps: fields that the model card lacks.
        disparities: between the groups of protected columns.
    """

    latency_ms: float
    size_mb: float
    parity: float
    parity_limit: float
    card_gaps: tuple[str, ...]
    disparities: tuple[Disparity, ...] = ()


class Floor(BaseModel):
    """One condition that a challenger must meet whatever the comparison says."""

    model_config = FROZEN

    name: str = Field(description="what was measured")
    value: float = Field(description="what was found")
    limit: float = Field(description="what was allowed")
    rule: Literal["at least", "at most"] = Field(description="on which side of the limit the value must lie")
    passed: bool = Field(description="whether it does")
    note: str = Field(default="", description="what a person needs to know besides")

    @classmethod
    def at_least(cls, name: str, value: float, limit: float, note: str = "") -> "Floor":
        """A floor that the value must reach."""
        return cls(name=name, value=value, limit=limit, rule="at least", passed=bool(value >= limit), note=note)

    @classmethod
    def at_most(cls, name: str, value: float, limit: float, note: str = "") -> "Floor":
        """A floor that the value must not exceed."""
        return cls(name=name, value=value, limit=limit, rule="at most", passed=bool(value <= limit), note=note)


class Decision(BaseModel):
    """What the gate decided and everything that it decided on."""

    model_config = FROZEN

    outcome: Outcome = Field(description="PROMOTE, PROVISIONAL (neither harm nor gain is shown), HOLD or REJECT")
    reasons: tuple[str, ...] = Field(description="why, most important first")
    notes: tuple[str, ...] = Field(default=(), description="what could not be compared, and warnings")
    metric: str = Field(description="the metric that decided")
    challenger: Interval = Field(description="the challenger's metric, in its own units, at the configured level")
    champion: Interval | None = Field(default=None, description="the champion's metric; none: there is no champion")
    difference: Interval | None = Field(default=None, description="paired improvement; above 0: challenger is better")
    gain: Interval | None = Field(default=None, description="the same of the score that shows which one is better")
    margin: float | None = Field(default=None, description="loss of the metric that is borne")
    better: bool = Field(default=False, description="whether it is the first model, or surely better than the champion")
    level: float | None = Field(default=None, description="level of the improvement's interval after alpha spending")
    mcnemar_p: float | None = Field(default=None, description="mid-p value of equal accuracy, for information only")
    samples: int = Field(description="samples both were judged on")
    groups: int = Field(description="groups they came in")
    samples_needed: int | None = Field(
        default=None, description="on PROVISIONAL and HOLD: samples that would settle it"
    )
    floors: tuple[Floor, ...] = Field(description="every floor, passed or not")
    test_set: str = Field(description="sha256 of the samples' hashes, labels, weights and groups in order")
    turn: Turn = Field(description="which use of the test set this was")
    config: GateConfig = Field(description="the rule that was applied")

    def evidence(self) -> str:
        """Returns all of this as canonical JSON: sorted keys, no spaces; equal decisions give equal text."""
        return _canonical(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """Hex digest of the evidence, as the ledger keeps it."""
        return recorded_sha256(self.model_dump(mode="json"))

    def markdown(self) -> str:
        """Returns the decision as Markdown: outcome, reasons, tables of comparison and floors, and how to read them."""
        lines = [f"## {self.outcome}", "", f"**{MEANING[self.outcome]}**", ""]
        lines += [*(f"- {reason}" for reason in (*self.reasons, *self.notes)), ""]
        tables = [*self._comparison(), "", *self._floors()]
        told = "" if self.mcnemar_p is None else f" McNemar mid-p {self.mcnemar_p:.3g} (accuracy, groups ignored)."
        lines += [*tables, "", f"{self.samples} samples in {self.groups} groups.{told} {self.uses}", ""]
        shown = "\n".join(tables)
        lines += ["How to read this:", "", *(f"- {text}" for sign, text in LEGEND.items() if sign in shown), ""]
        return "\n".join([*lines, f"Evidence `{self.sha256[:12]}`."])

    def _comparison(self) -> list[str]:
        """Both models at the configured level, their difference at the spent one."""
        lines = [f"| {self.metric} | estimate | interval | level |", "|---|---|---|---|"]
        gain = f"improvement of {self.config.score}"
        rows = {"challenger": self.challenger, "champion": self.champion, "improvement": self.difference}
        for name, interval in {**rows, **({gain: self.gain} if self.gain != self.difference else {})}.items():
            level = self.level if name.startswith("improvement") else self.config.level
            if interval is not None and level is not None:
                ends = f"{interval.low:.4f} to {interval.high:.4f}"
                lines.append(f"| {name} | {interval.value:.4f} | {ends} | {100 * level:.4g} % |")
        return lines

    def _floors(self) -> list[str]:
        lines = ["| floor | found | allowed | | |", "|---|---|---|---|---|"]
        for floor in self.floors:
            mark = "passed" if floor.passed else "**failed**"
            name, note = (text.replace("|", "\\|") for text in (floor.name, floor.note))
            lines.append(f"| {name} | {floor.value:.4g} | {floor.rule} {floor.limit:.4g} | {mark} | {note} |")
        return lines

    @property
    def uses(self) -> str:
        """How often the test set was used until here."""
        used = f"Use {self.turn.use} of test set generation {self.turn.generation}"
        if self.turn.look is None or self.level is None:
            return f"{used}; nothing was compared."
        told = (
            f"comparison {self.turn.look}, which with those before tells as much as {self.turn.told:.1f} unrelated ones"
        )
        return f"{used}; {told} of {self.config.looks}, at {100 * self.level:.4g} %."


def recorded_sha256(decision: Mapping[str, Any]) -> str:
    """Hex digest of a decision's evidence as it was recorded, which may be by a release that knew fewer fields."""
    return hashlib.sha256(_canonical(decision).encode()).hexdigest()


def _canonical(decision: Mapping[str, Any]) -> str:
    return json.dumps(decision, sort_keys=True, separators=(",", ":"), allow_nan=False)
