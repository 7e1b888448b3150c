"""A value with its threshold as an Evidently result, and the test that compares the two.

These are Evidently's own extension points. This module brings Evidently: it is imported where a report is run.
"""

from typing import Any

from evidently.core.metric_types import (
    BoundTest,
    MetricCalculationBase,
    MetricTest,
    MetricTestResult,
    SingleValue,
    SingleValueMetric,
    SingleValueTest,
    TestStatus,
)
from evidently.core.report import Context


class JudgedValue(SingleValue):
    """A statistic with its threshold and null; without one it could not be judged, and `needs` says what is missing."""

    threshold: float | None = None
    p_value: float | None = None
    null: list[float] = []  # noqa: RUF012 - pydantic copies it
    note: str = ""
    needs: str = ""

    def to_simple_dict(self) -> object:
        """What the report's JSON says of it."""
        if self.threshold is None:
            return {"cannot judge": self.needs}
        return {"value": self.value, "threshold": self.threshold, "p_value": self.p_value, "null": self.note}


class WithinLimit(MetricTest):
    """Fails where a value is above its threshold, is skipped where there is none."""

    def to_test(self) -> SingleValueTest:
        """The test as Evidently calls it."""

        def test(context: Context, metric: MetricCalculationBase[JudgedValue], value: JudgedValue) -> MetricTestResult:
            status, told = _verdict(value)
            return MetricTestResult(
                id="within_limit", name=f"{value.display_name}: {status.value.lower()}", description=told,
                status=status, metric_config=metric.to_metric_config(), test_config=self.dict(),
            )  # fmt: skip

        return test


def _verdict(found: JudgedValue) -> tuple[TestStatus, str]:
    if found.threshold is None:
        return TestStatus.SKIPPED, f"cannot judge: {found.needs}"
    told = f"{found.value:.4f}, threshold {found.threshold:.4f}"
    told += "" if found.p_value is None else f", p {found.p_value:.4f}"
    if found.value > found.threshold:
        return TestStatus.FAIL, f"{told}; {found.needs}" if found.needs else told
    return TestStatus.SUCCESS, told


class Judged(SingleValueMetric):
    """A metric that is always tested against its threshold."""

    def get_bound_tests(self, context: Context) -> list[BoundTest[Any]]:
        """That one test."""
        return [WithinLimit().bind_single(self.get_fingerprint())]
