"""A budget by which a check alarms never, or every other time, is refused, with what would do."""

from math import ceil

from monitoring.budget.level import called, level_of

MOST_NULLS = 40_000  # null windows of one check: some 20 seconds, where it comes close to an alarm
HALF = 0.5  # a level above is no alarm
LONGEST = 100  # windows that can be looked back on


def require_sense(rate: float, policy: tuple[int, int], signals: int, budget: str, checks: float | None = None) -> None:
    """Raises ValueError where a share `rate` of false alarms lets a check alarm never, or nearly always.

    Args:
        rate: false alarms a check.
        policy: windows that must alarm for one, and of how many.
        signals: that share the level of a check.
        budget: names the key and its value, for people.
        checks: a year; None: the rate was given as such.
    """
    suspect, of = policy
    level = level_of(rate, suspect, of)
    if level > HALF:
        raise ValueError(
            f"{budget} and policy.suspect {suspect} of {of} let every other quiet window alarm; "
            f"{_rarer(rate, policy, checks)}"
        )
    needed = null_windows(level / signals)
    if needed > MOST_NULLS:
        raise ValueError(
            f"{budget} leave a check {level:.1e}, which takes {needed} null windows of at most {MOST_NULLS}, so that "
            f"nothing would ever alarm; {_oftener(rate, policy, signals)}"
        )


def null_windows(share: float) -> int:
    """Null windows that an alarm of a signal takes: the smallest possible p-value is 1 / (1 + null windows)."""
    return ceil(1 / share * (1 - 1e-9)) - 1


def _rarer(rate: float, policy: tuple[int, int], checks: float | None) -> str:
    """What lets a check alarm less often."""
    if checks == 0:
        return "correct schedule.monitor, by which there is no check"
    suspect, of = policy
    most = called(HALF, suspect, of)
    bearable = f"set it to {_at_most(most)}" if checks is None else f"bear {int(most * checks)} per year"
    found = [f"{bearable} at most" if checks is None or int(most * checks) else "bear fewer", "check more often"]
    fewer = next((one for one in range(suspect - 1, 0, -1) if rate < 1 and level_of(rate, one, of) <= HALF), None)
    told = found[: 1 if checks is None else 2] + ([f"lower policy.suspect to {fewer}"] if fewer else [])
    return ", or ".join(told)


def _at_most(share: float) -> str:
    """A share in two digits that is no larger."""
    return next(told for told in (f"{share:.2g}", f"{0.95 * share:.2g}") if float(told) <= share)


def _oftener(rate: float, policy: tuple[int, int], signals: int) -> str:
    """What lets a check alarm at all."""
    told = "check less often, bear more false alarms"
    for more in range(1, LONGEST + 1 - policy[1]):
        suspect, of = (one + more for one in policy)
        if null_windows(level_of(rate, suspect, of) / signals) <= MOST_NULLS:
            return f"{told}, or let policy ask for more windows, such as suspect: {suspect}, of: {of}"
    return told
