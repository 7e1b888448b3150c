"""What a number of false alarms leaves to one check, with persistence taken into account."""

from math import comb

HALVINGS = 60


def level_of(rate: float, suspect: int, of: int) -> float:
    """The level of a check at which at most a share `rate` of quiet checks call for something.

    A check calls for something where it alarms and so did, with it, `suspect` of the last `of` windows that share no
    sample (`monitoring.budget.apart`) and no draw of null windows. An episode begins with such a check, so that there
    are no more episodes than that. With `suspect` above 1 the share is exact for a large reference alone: all windows
    are held against the same one, and where by chance it lies off, all do. In simulations of two of two windows, at
    levels of 10% to 1%, as many called for something as declared where the reference was ten times as long as a window,
    1.1 to 2 times as many where it was three times as long, 1.6 to 6 times where it was 1.3 times as long.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if called(middle, suspect, of) > rate else (middle, high)
    return low


def called(level: float, suspect: int, of: int) -> float:
    """Share of quiet checks that call for something where each alarms at `level`."""
    before = of - 1
    enough = sum(comb(before, n) * level**n * (1 - level) ** (before - n) for n in range(suspect - 1, of))
    return level * enough
