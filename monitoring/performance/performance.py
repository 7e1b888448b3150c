"""What is known of how well the champion does on its present traffic."""

from dataclasses import dataclass
from typing import Any, Literal

from evaluation.inference.interval import Interval
from evaluation.predictions.metrics import metric_named

Harm = Literal["none", "small", "much", "unknown"]
OPEN = 0.1  # of the metric: "none" leaves open at most so much beyond what is borne
SEVERITY: tuple[Harm, ...] = ("unknown", "none", "small", "much")


def harm_of(loss: Interval, tolerance: float) -> Harm:
    """What an interval of the loss says where so much of it is borne; one that leaves nearly all open says nothing."""
    if loss.low > tolerance:
        return "much"
    if loss.low > 0:
        return "small"
    return "none" if loss.high <= tolerance + OPEN else "unknown"


@dataclass(frozen=True)
class Labelled:
    """What the labels that came back show.

    Attributes:
        value: the metric on the newest labelled rows.
        low: the lower end of its interval, and `high` the upper one; nan where none can be had.
        rows: labelled rows that the value is of.
        groups: sessions, groups or single samples among them.
        loss: how much worse than expected, with its interval.
        harmed: more than what is borne is surely lost, and still so on the newest rows; claimed of quiet traffic ever
            with the declared chance, however often one looks.
        e_value: the evidence for that since the promotion; 2 / `false_claims` is proof.
        representative: the labelled rows are like the others as far as confidence tells, or could be weighted to be.
        note: which labels are missing, and what was done about it.
    """

    value: float
    low: float
    high: float
    rows: int
    groups: int
    loss: Interval
    harmed: bool
    e_value: float
    representative: bool
    note: str


@dataclass(frozen=True)
class Estimated:
    """What the champion's own confidence lets expect, without a label.

    Attributes:
        value: the metric that the window's labels would show.
        low: the lower end of its interval, and `high` the upper one, with the room that its validation asks for.
        loss: how much worse than expected, with its interval.
        trusted: the estimate held on shifted data whose labels are known, and the window is no stranger than these.
        note: why it is not trusted, or on what.
    """

    value: float
    low: float
    high: float
    loss: Interval
    trusted: bool
    note: str


@dataclass(frozen=True)
class Performance:
    """How well the champion does, by labels and by an estimate; either may be missing.

    Attributes:
        metric: the gate's metric, accuracy where only that can be had.
        expected: its value at promotion time, with `expected_interval`.
        tolerance: the loss of it that is borne.
        labelled: None where no label came back.
        estimated: None where nothing is known to estimate by; `note` then says what is missing.
        min_groups: labelled groups below which labels tell nothing.
        note: what is missing.
    """

    metric: str
    expected: float
    expected_interval: tuple[float, float]
    tolerance: float
    labelled: Labelled | None
    estimated: Estimated | None
    min_groups: int
    note: str = ""

    @property
    def harm(self) -> Harm:
        """How much is lost.

        "much": surely more than what is borne. "small": surely something, but not surely more than that. "none": no
        loss is shown, and a large one is not left open. "unknown": neither labels nor a trusted estimate say so much.
        The worse of the two counts, but labels that are like the rest and show that no more than what is borne is lost
        acquit.
        """
        found = self.by_labels
        return found if self._acquitted else max(found, self.by_estimate, key=SEVERITY.index)

    @property
    def by_labels(self) -> Harm:
        """What the labels alone say."""
        if self.labelled is None or self.labelled.groups < self.min_groups:
            return "unknown"
        if self.labelled.harmed:
            return "much"
        if not self.labelled.representative:
            return "unknown"
        found = harm_of(self.labelled.loss, self.tolerance)
        return "small" if found == "much" else found

    @property
    def by_estimate(self) -> Harm:
        """What the estimate alone says."""
        if self.estimated is None or not self._trusted:
            return "unknown"
        return harm_of(self.estimated.loss, self.tolerance)

    @property
    def _trusted(self) -> bool:
        return self.estimated is not None and self.estimated.trusted

    @property
    def _acquitted(self) -> bool:
        surely = self.labelled is not None and self.labelled.loss.high <= self.tolerance
        return surely and self.by_labels in {"none", "small"}

    @property
    def metrics(self) -> dict[str, float]:
        """Figures by name, as runs of monitoring are compared by them; what is missing is left out."""
        found = {"expected": self.expected}
        if self.labelled:
            found |= {"labelled": self.labelled.value, "harm_e_value": self.labelled.e_value}
        if self.estimated:
            found["estimated"] = self.estimated.value
        return {f"performance_{name}": value for name, value in found.items()}

    @property
    def judged(self) -> tuple[dict[str, Any], ...]:
        """What labels and the estimate came to, with the value at which no more than what is borne is lost."""
        borne = -self.tolerance if metric_named(self.metric).greater_is_better else self.tolerance
        told = [("by labels", self.labelled, self.by_labels), ("estimated", self.estimated, self.by_estimate)]
        return tuple(
            {
                "name": f"{self.metric} {how}", "value": found.value, "threshold": self.expected + borne,
                "verdict": f"harm {harm}" + ("" if getattr(found, "trusted", True) else ", as it is not trusted"),
            }
            for how, found, harm in told
            if found
        )  # fmt: skip

    @property
    def told(self) -> str:
        """One line for people."""
        found = [
            f"{name} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
            for name, one in (("by labels", self.labelled), ("estimated", self.estimated if self._trusted else None))
            if one
        ]
        return f"{self.metric} {', '.join(found) or 'unknown'}, expected {self.expected:.3f}: harm {self.harm}"

    def markdown(self) -> str:
        """A heading, a table and the notes."""
        rows = [_row("expected", self.expected, *self.expected_interval, "at promotion, on the test set")]
        for name, found in (("labelled", self.labelled), ("estimated", self.estimated)):
            if found:
                rows.append(_row(name, found.value, found.low, found.high, found.note))
        missing = [self.note] if self.note else []
        head = [f"### Harm: {self.harm}", "", f"| {self.metric} | value | interval | note |", "|---|---|---|---|"]
        return "\n".join([*head, *rows, "", f"A loss of {self.tolerance:.3g} is borne.", *missing])


def _row(name: str, value: float, low: float, high: float, note: str) -> str:
    return f"| {name} | {value:.4f} | {low:.4f} to {high:.4f} | {note} |"
