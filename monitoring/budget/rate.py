"""How many false alarms are borne in a time, and how many checks there are in it."""

import re
from datetime import UTC, datetime, timedelta

YEAR = 365.25
DAYS = {"day": 1.0, "week": 7.0, "month": YEAR / 12, "year": YEAR}
WRITTEN = re.compile(rf"([1-9][0-9]*) per ({'|'.join(DAYS)})")
START = datetime(2026, 1, 1, tzinfo=UTC)  # any time: what counts is how often there is a check
LOOKED_AT = 400  # checks by which that is told: a few milliseconds


def per_year(written: str) -> float:
    """How many a year are meant, such as "1 per month".

    Raises:
        ValueError: it is written otherwise.
    """
    found = WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError(f"false_alarms {written!r} is no number in a time; write it as 1 per {' or '.join(DAYS)}")
    return int(found[1]) * YEAR / DAYS[found[2]]


def checks_per_year(cron: str) -> float:
    """How often a year a valid cron expression fires; 0: never."""
    from croniter import CroniterBadDateError, croniter

    times = croniter(cron, START)
    last, count, end = START, 0, START + timedelta(days=YEAR)
    try:
        while count < LOOKED_AT and (found := times.get_next(datetime)) <= end:
            last, count = found, count + 1
    except CroniterBadDateError:
        return 0.0
    span = last - START if count == LOOKED_AT else end - START
    return count / (span / timedelta(days=YEAR))
