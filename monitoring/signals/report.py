"""The result of a drift check."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DriftStatistic:
    """One statistic with its null: it alarms above `threshold`, the null quantile of its share of the budget.

    `p_value` is (1 + null values at least as large) / (1 + null values) (Phipson and Smyth, SAGMB 2010).
    """

    name: str
    value: float
    threshold: float
    p_value: float
    alarm: bool
    null: tuple[float, ...]


@dataclass(frozen=True)
class DriftReport:
    """What a drift check found; `drift` is true if any statistic alarms."""

    statistics: tuple[DriftStatistic, ...]
    drift: bool
    window_rows: int
    reference_rows: int
    false_alarm: float
    calibration: str

    def markdown(self) -> str:
        """The report as a heading, a table of the statistics and how their nulls were made."""
        verdict = "Drift" if self.drift else "No drift"
        rows = [
            f"| {s.name} | {s.value:.4f} | {s.threshold:.4f} | {s.p_value:.4f} | {'yes' if s.alarm else 'no'} |"
            for s in self.statistics
        ]
        return "\n".join(
            [
                f"### {verdict}: {self.window_rows} samples against {self.reference_rows} of the reference",
                "",
                "| statistic | value | threshold | p-value | alarm |",
                "|---|---|---|---|---|",
                *rows,
                "",
                f"False-alarm budget {self.false_alarm:g} a check, shared by {len(self.statistics)} statistics.",
                f"Null windows: {self.calibration}.",
            ]
        )
