"""Disparities between groups of people or places: how far selection and error rates lie apart, as fairlearn has it.

The selection rate of a group is the share that is given a class; the true positive rate that share of its members who
are of the class; the false positive rate of those who are not. `difference` is the largest rate of a group minus the
smallest, `ratio` the smallest over the largest (fairlearn's MetricFrame.difference and .ratio, "between_groups"). With
two classes the last one is meant; with more, each against all others.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from data.naming import few
from evaluation.inference.bootstrap import Resampling, cautious_interval, percentile_interval, replicates
from evaluation.inference.interval import Interval, student_interval, student_t
from evaluation.inference.slices import MINIMUM_SLICE
from evaluation.predictions.grouped import Floats
from evaluation.predictions.metrics import divide
from evaluation.predictions.predictions import Predictions

SELECTION, TRUE_POSITIVE, FALSE_POSITIVE = "selection rate", "true positive rate", "false positive rate"
MEASURES = (SELECTION, TRUE_POSITIVE, FALSE_POSITIVE)
UNKNOWN = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Rate:
    """The rate of one group: which samples count, which of these are given the class, in how many groups they come."""

    value: str
    among: npt.NDArray[np.bool_]
    chosen: npt.NDArray[np.bool_]
    groups: int

    @property
    def is_large_enough(self) -> bool:
        """Whether it says more than its count."""
        return int(self.among.sum()) >= MINIMUM_SLICE and self.groups > 1

    def of(self, weights: Floats) -> Floats:
        """The rate under weights [R, N]: [R]; nan where nothing counts."""
        return divide(weights @ (self.among & self.chosen), weights @ self.among)

    def smoothed(self, weights: Floats) -> tuple[float, float]:
        """The rate with a success and a failure added to its groups, and their number (Agresti and Caffo 2000).

        Where all samples agree, resampling shows no uncertainty, though there is.
        """
        return (float(self.of(weights[None])[0]) * self.groups + 1) / (self.groups + 2), self.groups + 2


@dataclass(frozen=True)
class Disparity:
    """How far the rates of the groups of one column lie apart, for one class.

    Attributes:
        column: the protected slice column.
        measure: one of MEASURES.
        label: the class.
        rates: the rate of each group that is large enough, the smallest first.
        small: the groups that are not, each with the number of its samples that count.
        difference: of the two groups that are farthest apart; nan where fewer than two are large enough.
        ratio: of the same two.
    """

    column: str
    measure: str
    label: str
    rates: dict[str, float]
    small: dict[str, int]
    difference: Interval = UNKNOWN
    ratio: Interval = UNKNOWN

    @property
    def name(self) -> str:
        """What it is about."""
        return f"{self.column}, {self.measure} of {self.label}"

    @property
    def found(self) -> str:
        """The two groups that are farthest apart, or why there are none, and the groups that are too small."""
        names = list(self.rates)
        small = few(f"{name} ({count} samples)" for name, count in self.small.items())
        told = "fewer than two groups are large enough to be compared"
        if len(names) > 1:
            told = ", ".join(f"{name} {self.rates[name]:.3f}" for name in (names[0], names[-1]))
        return f"{told}; too small: {small}" if small else told

    @property
    def text(self) -> str:
        """One line for people."""
        if len(self.rates) < 2:
            return f"{self.name}: {self.found}"
        return f"{self.name}: difference {_shown(self.difference)}, ratio {_shown(self.ratio)}; {self.found}"


def judge_disparities(
    predictions: Predictions, protected: Sequence[str], resampling: Resampling
) -> tuple[Disparity, ...]:
    """Judges every measure of every class in each protected column.

    A group counts from 20 samples in two groups of resampling on, and of several classes each that has 20 samples. The
    intervals are those of the two groups that are farthest apart, at a level corrected after Bonferroni for their
    having been chosen among all pairs of groups, classes and measures: that any lower end is above the truth is no
    likelier than the level says.

    Raises:
        EvaluationError: all samples are of one group.
    """
    families = [
        _family(predictions, column, measure, label)
        for column in protected
        for label in _labels(predictions)
        for measure in MEASURES
    ]
    compared = sum(math.comb(len(rates), 2) for _, rates in families)
    strict = replace(resampling, level=1 - (1 - resampling.level) / max(compared, 1))
    pairs = [(rates[0], rates[-1]) for _, rates in families if len(rates) > 1]
    found = _resampled(predictions, pairs, strict) if pairs else iter(())
    return tuple(_with_intervals(one, *next(found)) if len(rates) > 1 else one for one, rates in families)


def worst_disparities(found: Sequence[Disparity]) -> list[Disparity]:
    """Of each column and measure the class whose difference is largest; one without a figure where none has any."""
    worst: dict[tuple[str, str], Disparity] = {}
    for one in sorted(found, key=lambda one: -np.nan_to_num(one.difference.value, nan=-1.0)):
        worst.setdefault((one.column, one.measure), one)
    return [worst[key] for key in dict.fromkeys((one.column, one.measure) for one in found)]


def _labels(predictions: Predictions) -> list[int]:
    """The classes that are judged."""
    count = len(predictions.classes)
    sizes = np.bincount(predictions.truth, minlength=count)
    return [1] if count == 2 else [label for label in range(count) if sizes[label] >= MINIMUM_SLICE]


def _family(predictions: Predictions, column: str, measure: str, label: int) -> tuple[Disparity, list[Rate]]:
    """A disparity without its intervals, and the rates that are large enough, the smallest first."""
    said = predictions.decisions == label
    actual = predictions.truth == label
    counts = {SELECTION: np.ones_like(actual), TRUE_POSITIVE: actual, FALSE_POSITIVE: ~actual}[measure]
    rates = []
    for name, value, mask in predictions.slice_rows():
        among = mask & counts
        if name == column and mask.any():
            rates.append(Rate(value, among, said, len(np.unique(predictions.group_index[among]))))
    weights = predictions.weights[None]
    large = [rate for rate in rates if rate.is_large_enough and math.isfinite(rate.of(weights)[0])]
    large.sort(key=lambda rate: float(rate.of(weights)[0]))
    known = {rate.value: float(rate.of(weights)[0]) for rate in large}
    small = {rate.value: int(rate.among.sum()) for rate in rates if rate.value not in known}
    return Disparity(column, measure, predictions.classes[label], known, small), large


def _with_intervals(one: Disparity, difference: Interval, ratio: Interval) -> Disparity:
    return replace(one, difference=difference, ratio=ratio)


def _resampled(
    predictions: Predictions, pairs: Sequence[tuple[Rate, Rate]], resampling: Resampling
) -> Iterator[tuple[Interval, Interval]]:
    """Difference and ratio of each pair, of which the second rate is the larger one."""

    def rates(weights: Floats) -> Floats:
        """The two rates of each pair, [R, P, 2]."""
        return np.stack([np.stack([low.of(weights), high.of(weights)], axis=-1) for low, high in pairs], axis=1)

    values = rates(predictions.weights[None])[0]
    found = replicates(rates, predictions, resampling)
    for place, pair in enumerate(pairs):
        known = partial(_intervals, pair, predictions.weights, resampling.level)
        yield known(values[place], found[:, place])


def _intervals(
    pair: tuple[Rate, Rate], weights: Floats, level: float, values: Floats, found: Floats
) -> tuple[Interval, Interval]:
    """The wider of the bootstrap's interval and that of smoothed rates, of difference and ratio."""
    groups = min(rate.groups for rate in pair)
    (least, few), (most, many) = (rate.smoothed(weights) for rate in pair)
    far = math.sqrt(least * (1 - least) / few + most * (1 - most) / many)
    value = float(values[1] - values[0])
    drawn = cautious_interval(value, found[:, 1] - found[:, 0], groups=groups, level=level)
    difference = _wider(drawn, student_interval(value, far, freedom=groups - 1, level=level))
    share = float(divide(values[:1], values[1:])[0])
    drawn = percentile_interval(share, divide(found[:, 0], found[:, 1]), groups=groups, level=level)
    reach = student_t(level, groups - 1) * math.sqrt((1 - least) / (few * least) + (1 - most) / (many * most))
    around = least / most
    return difference, _wider(drawn, Interval(share, around * math.exp(-reach), around * math.exp(reach)))


def _wider(first: Interval, second: Interval) -> Interval:
    """The ends that are farther out; those of the second where the first has none."""
    return Interval(first.value, float(np.fmin(first.low, second.low)), float(np.fmax(first.high, second.high)))


def _shown(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
