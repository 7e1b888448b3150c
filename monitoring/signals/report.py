"""The result of a drift check."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Verdict = Literal["drift", "no drift", "cannot judge"]


@dataclass(frozen=True)
class DriftStatistic:
    """One statistic with its null: it alarms above `threshold`, the null quantile of its share of the budget.

    `p_value` is (1 + null values at least as large) / (1 + null values) (Phipson and Smyth, SAGMB 2010). `note` says
    how the null windows were drawn.
    """

    name: str
    value: float
    threshold: float
    p_value: float
    alarm: bool
    null: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True)
class Unjudged:
    """A statistic of which nothing can be said, and what it lacks."""

    name: str
    needs: str


@dataclass(frozen=True)
class DriftReport:
    """What a drift check found: statistics that were judged, and those that were not; drift is what any alarms."""

    statistics: tuple[DriftStatistic, ...]
    drift: bool
    window_rows: int
    reference_rows: int
    false_alarm: float
    calibration: str
    unjudged: tuple[Unjudged, ...] = ()

    @classmethod
    def of(
        cls, found: Sequence[DriftStatistic | Unjudged], *, window_rows: int, reference_rows: int, false_alarm: float
    ) -> "DriftReport":
        """The report of what each signal found."""
        judged = tuple(one for one in found if isinstance(one, DriftStatistic))
        return cls(
            judged,
            any(one.alarm for one in judged),
            window_rows,
            reference_rows,
            false_alarm,
            ". ".join(f"{one.name}: {one.note}" for one in judged),
            tuple(one for one in found if isinstance(one, Unjudged)),
        )

    def kept(self) -> dict[str, Any]:
        """What is kept of it with the check, as JSON takes it: all but the null windows."""
        return asdict(replace(self, statistics=tuple(replace(one, null=()) for one in self.statistics)))

    @classmethod
    def again(cls, kept: dict[str, Any]) -> "DriftReport":
        """A report from what was kept of it."""
        statistics = tuple(DriftStatistic(**one | {"null": ()}) for one in kept["statistics"])
        unjudged = tuple(Unjudged(**one) for one in kept["unjudged"])
        return cls(**kept | {"statistics": statistics, "unjudged": unjudged})

    @property
    def verdict(self) -> Verdict:
        """Drift where any statistic alarms; nothing can be said where none was judged."""
        if not self.statistics:
            return "cannot judge"
        return "drift" if self.drift else "no drift"

    @property
    def needs(self) -> str:
        """What each statistic that was not judged lacks."""
        return "; ".join(f"{one.name}: {one.needs}" for one in self.unjudged)

    def markdown(self) -> str:
        """The report as a heading, a table of the statistics and how their nulls were made."""
        verdict = self.verdict.capitalize()
        judged = [
            f"| {s.name} | {s.value:.4f} | {s.threshold:.4f} | {s.p_value:.4f} | {'yes' if s.alarm else 'no'} |"
            for s in self.statistics
        ]
        others = [f"| {one.name} | | | | cannot judge: {one.needs} |" for one in self.unjudged]
        return "\n".join(
            [
                f"### {verdict}: {self.window_rows} samples against {self.reference_rows} of the reference",
                "",
                "| statistic | value | threshold | p-value | alarm |",
                "|---|---|---|---|---|",
                *judged,
                *others,
                "",
                f"False-alarm budget {self.false_alarm:.3g} a check, shared by {len(judged) + len(others)} statistics.",
                f"Null windows: {self.calibration or 'none'}.",
            ]
        )
