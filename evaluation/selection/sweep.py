"""A sweep judged: each recipe's mean over seeds with its interval, and whether pretraining helped it at all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.inference.interval import Interval, student_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCRATCH = "scratch"
LEVEL = 0.95


@dataclass(frozen=True)
class TrialScore:
    """One fit: its value of the metric on the validation split, its cost, and what it forgot."""

    recipe: str
    seed: int
    value: float
    seconds: float
    cka: float
    agreement: float | None


@dataclass(frozen=True)
class RecipeScore:
    """One recipe over its seeds; `note` says where it is not better than the same network from scratch."""

    recipe: str
    seeds: int
    mean: float
    low: float
    high: float
    seconds: float
    cka: float
    agreement: float | None
    note: str


def summarise(trials: Sequence[TrialScore], *, greater_is_better: bool) -> list[RecipeScore]:
    """One row a recipe, best mean first; intervals are Student's t over seeds."""
    sign = 1.0 if greater_is_better else -1.0
    recipes = list(dict.fromkeys(trial.recipe for trial in trials))
    values = {name: [trial.value for trial in trials if trial.recipe == name] for name in recipes}
    rows = [
        _row(name, [trial for trial in trials if trial.recipe == name], values.get(SCRATCH), sign) for name in recipes
    ]
    return sorted(rows, key=lambda row: -sign * row.mean)


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean with its 95% interval by Student's t; the ends are nan for a single value."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Interval(mean, math.nan, math.nan)
    return student_interval(mean, float(np.std(values, ddof=1)) / count**0.5, freedom=count - 1, level=LEVEL)


def difference_interval(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Difference of two means with its 95% interval by Welch's t; without variance the ends are the difference."""
    from scipy.stats import ttest_ind

    difference = float(np.mean(ours) - np.mean(theirs))
    if min(len(ours), len(theirs)) < 2 or np.ptp(ours) + np.ptp(theirs) == 0:
        return Interval(difference, difference, difference)
    ends = ttest_ind(ours, theirs, equal_var=False).confidence_interval(LEVEL)
    return Interval(difference, float(ends.low), float(ends.high))


def sweep_figure(rows: Sequence[RecipeScore], metric: str) -> "Figure":
    """Each recipe's mean and interval over the seconds that one fit cost."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        error = [[row.mean - row.low], [row.high - row.mean]]
        axes.errorbar(row.seconds, row.mean, yerr=error, fmt="o", capsize=3, label=row.recipe)
    axes.set(xscale="log", xlabel="seconds a fit", ylabel=f"{metric} on the validation split")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _row(recipe: str, trials: Sequence[TrialScore], scratch: Sequence[float] | None, sign: float) -> RecipeScore:
    values = [trial.value for trial in trials]
    mean = mean_interval(values)
    kept = [trial.agreement for trial in trials if trial.agreement is not None]
    return RecipeScore(
        recipe, len(trials), mean.value, mean.low, mean.high,
        seconds=float(np.mean([trial.seconds for trial in trials])),
        cka=float(np.mean([trial.cka for trial in trials])),
        agreement=float(np.mean(kept)) if kept else None,
        note="" if scratch is None or recipe == SCRATCH else _against_scratch(values, scratch, sign),
    )  # fmt: skip


def _against_scratch(values: Sequence[float], scratch: Sequence[float], sign: float) -> str:
    found = difference_interval(values, scratch)
    low, high = sorted((sign * found.low, sign * found.high))
    if high < 0:
        return "NEGATIVE TRANSFER: loses to the same network from scratch"
    return "" if low > 0 else "not shown to be better than from scratch"
