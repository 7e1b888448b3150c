"""An estimate and its interval; Student's t, by which few numbers get one."""

import math
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its confidence interval; low and high are nan where it cannot be had."""

    value: float
    low: float
    high: float

    @property
    def is_finite(self) -> bool:
        """Whether estimate and ends are all defined."""
        return all(math.isfinite(number) for number in (self.value, self.low, self.high))

    def stretched(self, times: float) -> "Interval":
        """The same estimate with ends that lie so many times as far from it."""
        return Interval(self.value, *(self.value + times * (end - self.value) for end in (self.low, self.high)))


def student_interval(value: float, error: float, *, freedom: int, level: float) -> Interval:
    """Returns Student's t interval of an estimate with that standard error and degrees of freedom."""
    margin = student_t(level, freedom) * error
    return Interval(value, value - margin, value + margin)


@cache
def student_t(level: float, freedom: int) -> float:
    """Returns t with P(|T| < t) = `level` for Student's t with `freedom` degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, freedom))
