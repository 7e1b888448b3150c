"""A trial of the check on its own reference: how often do quiet windows alarm, and which shift is found?

Half of the reference's groups play the reference, windows are drawn from the others as traffic comes. Everything is
measured on rows that were prepared once, so that it takes seconds. The halves overlap from draw to draw, so that the
interval of the share of alarms, which takes them for independent, is told as what it is: of draws of this reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from evaluation.inference.discrete import share_interval
from monitoring.arrays import Array, stack
from monitoring.config import MonitoringConfig
from monitoring.nulls.blocks import Blocks, Places, blocks_of
from monitoring.nulls.windows import NullWindows, draw_null_windows
from monitoring.reference import Reference, thin
from monitoring.signals import watched
from monitoring.signals.judge import missing
from monitoring.signals.signal import Prepared, Signal

HALVES, EACH = 100, 2  # times that the reference is halved, and quiet windows of each time
TRIED = 0.05  # the level of quiet windows: at the declared one hardly any of so few would alarm
SHIFTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)  # share of a window that becomes one class
SHIFTED, POWER = 60, 0.8  # windows of each shift, and the share of them that has to be found
MOST_NULLS = 4_000


@dataclass(frozen=True)
class Trial:
    """What a trial showed.

    Attributes:
        rows: of each window.
        quiet: windows without a shift.
        alarms: how many of these alarmed.
        level: at which they were judged.
        smallest: of the shifts that were tried the least by which 80% of the windows alarm at the declared level: the
            share of samples that became ones of a single class; None: none of them.
        declared: the level at which shifts were judged.
        most: the largest shift for which the reference has enough samples of one class; 0: not even the least.
    """

    rows: int
    quiet: int
    alarms: int
    level: float
    smallest: float | None
    declared: float
    most: float

    @property
    def rate(self) -> tuple[float, float, float]:
        """The share of quiet windows that alarmed, with the exact 95% interval of as many independent ones.

        Of 60 references of 300 rows the shares of windows of 50 varied as such an interval has it (a standard
        deviation of 1.5 points, and 1.5 by the binomial); how much more they do with larger windows is not known.
        """
        share = self.alarms / self.quiet
        return share, *share_interval(share, self.quiet, 0.95)

    @property
    def told(self) -> str:
        """For people."""
        share, low, high = self.rate
        return (
            f"tried on its reference, of {self.quiet} quiet windows of {self.rows} {share:.1%} alarm at a level of "
            f"{self.level:.0%} ({low:.1%} to {high:.1%} if draws were independent); {self._power}"
        )

    @property
    def _power(self) -> str:
        """Which shift is found, as far as one could be made."""
        if not self.most:
            return "no class has enough samples to try what is found"
        least = f"if {self.smallest:.0%} of its samples" if self.smallest else f"not even if {self.most:.0%} of them"
        more = "" if self.smallest or self.most == SHIFTS[-1] else ", for which there are samples enough,"
        return f"four of five windows are found at a level of {self.declared:.2g} {least}{more} become one class"


@dataclass(frozen=True, eq=False)
class _Half:
    """One halving: what a signal compares, and windows from the other half."""

    rows: Prepared
    nulls: NullWindows
    drawn: NullWindows

    def values(self, windows: NullWindows) -> Array:
        """What the signal measures of windows, all on one scale."""
        everything = np.arange(windows.rest.shape[1])
        return self.rows.measure(everything, self.drawn.rows[0], windows).null

    def threshold(self, share: float) -> float:
        """What a share of the null windows exceed."""
        null = np.sort(self.values(self.nulls))
        return float(null[-max(1, int(share * (1 + len(null)) + 1e-9))])


def try_out(reference: Reference, window: Blocks, config: MonitoringConfig) -> Trial | None:
    """Tries the check of windows that come as this one did; None where half of the reference is too little for it."""
    field = _Field.of(reference, window, config)
    quiet = [alarms for number in range(HALVES) if (alarms := field.quiet(number)) is not None]
    if not quiet:
        return None
    smallest, most = field.smallest()
    alarms = np.concatenate(quiet)
    return Trial(field.size, len(alarms), int(alarms.sum()), TRIED, smallest, max(config.level, field.least), most)


class _Field:
    """The rows of a reference, prepared for every signal that can be judged on half of them."""

    def __init__(
        self, reference: Reference, signals: dict[Signal, Places], window: Blocks, config: MonitoringConfig
    ) -> None:
        self._reference, self._signals, self._window, self._config = reference, signals, window, config
        rows = reference.rows
        self._blocks = blocks_of(rows, ["group"])
        self._groups = [str(label) for label in self._blocks.labels]
        self._prepared = {signal: signal.prepared([rows], seed=config.seed) for signal in signals}
        self._classes = stack(rows, "probabilities").argmax(axis=1)
        self.least, self.size = len(signals) / (1 + MOST_NULLS), 0

    @classmethod
    def of(cls, reference: Reference, window: Blocks, config: MonitoringConfig) -> "_Field":
        """Of at most about 2,000 rows."""
        rows = thin(reference.rows, seed=config.seed).reset_index(drop=True)
        small = replace(reference, rows=rows)
        signals = {signal: signal.comparable(small).index.to_numpy() for signal in watched.SIGNALS}
        return cls(small, signals, window, config)

    def quiet(self, number: int) -> "np.typing.NDArray[np.bool_] | None":
        """Which of a few quiet windows alarm in one halving; None where it is too little."""
        share = TRIED / len(self._signals)
        halves = self._halves(number, EACH, int(2 / share))
        found = [half.values(half.drawn) > half.threshold(share) for half in halves]
        return np.any(found, axis=0) if found else None

    def smallest(self) -> tuple[float | None, float]:
        """The least shift that is found, if any, and the largest one that could be made."""
        most = 0.0
        for share in SHIFTS:
            found = self.found(share)
            if found is None:
                break
            most = share
            if found >= POWER:
                return share, most
        return None, most

    def found(self, share: float) -> float | None:
        """How many of the windows alarm in which just such a share of the samples became ones of a single class.

        None where no class has so many samples beside a window, or where a window is nearly all of one class already.
        """
        tilted = [self._tilted(half.drawn, share) for half, _ in self._thresholds]
        if not tilted or any(windows is None for windows in tilted):
            return None
        alarms = [half.values(one) > limit for (half, limit), one in zip(self._thresholds, tilted, strict=True) if one]
        return float(np.any(alarms, axis=0).mean())

    @cached_property
    def _thresholds(self) -> list[tuple[_Half, float]]:
        """One halving with as many null windows as the declared level takes, or nearly so many."""
        share = max(self._config.level, self.least) / len(self._signals)
        resamples = max(self._config.resamples, round(1 / share) - 1)
        return [(half, half.threshold(share)) for half in self._halves(0, SHIFTED, resamples)]

    def _halves(self, number: int, windows: int, resamples: int) -> Iterator[_Half]:
        """What each signal that can be judged compares, and the windows, the same ones for all signals."""
        random = np.random.default_rng([self._config.seed, number])
        first = random.permutation(len(self._blocks.sizes)) < len(self._blocks.sizes) / 2
        mine, total = first[self._blocks.labels], len(self._blocks)
        others = np.flatnonzero(~mine & self._everywhere())
        if len(others) < self._window.worth:
            return
        drawn = self._draw(others, self._window, windows, number)
        self.size = drawn.rows.shape[1]
        for signal, places in self._signals.items():
            known = places[mine[places]]
            if missing(signal.name, self._blocks_at(known), drawn.blocks) is None:
                nulls = self._draw(known, drawn.blocks, resamples, number)
                held = np.broadcast_to(np.isin(np.arange(total), known), drawn.rest.shape)
                yield _Half(self._prepared[signal], nulls, replace(drawn, rest=held, scale=1.0))

    def _everywhere(self) -> "np.typing.NDArray[np.bool_]":
        """The rows that every signal may look at."""
        everything = np.arange(len(self._blocks))
        found: np.typing.NDArray[np.bool_] = np.all(
            [np.isin(everything, places) for places in self._signals.values()], axis=0
        )
        return found

    def _blocks_at(self, places: Places) -> Blocks:
        return blocks_of(self._reference.rows.iloc[places], ["group"])

    def _draw(self, places: Places, window: Blocks, count: int, seed: int) -> NullWindows:
        groups = [self._groups[place] for place in places]
        drawn = draw_null_windows(groups, window, resamples=count, seed=seed)
        return drawn.placed(places, len(self._blocks))

    def _tilted(self, windows: NullWindows, share: float) -> NullWindows | None:
        """Windows in which so many rows gave way to others of one class, which is another one each time."""
        rows, count = windows.rows.copy(), max(1, round(share * windows.rows.shape[1]))
        free = ~windows.rest[0] & self._everywhere()
        for number, window in enumerate(rows):
            random = np.random.default_rng([self._config.seed, number])
            beside = free & ~np.isin(np.arange(len(free)), window)
            classes = self._enough(self._classes[beside], self._classes[window], count)
            if not len(classes):
                return None
            asked = random.choice(classes)
            others, leaving = beside & (self._classes == asked), self._classes[window] != asked
            places = random.choice(np.flatnonzero(leaving), count, replace=False)
            window[places] = random.choice(np.flatnonzero(others), count, replace=False)
        return replace(windows, rows=rows)

    @staticmethod
    def _enough(beside: Places, within: Places, count: int) -> Places:
        """The classes of which there are so many rows beside a window, and of which so many within it are not."""
        classes, held = np.unique(beside, return_counts=True)
        left = len(within) - (within[:, None] == classes).sum(axis=0)
        return np.asarray(classes[(held >= count) & (left >= count)])
