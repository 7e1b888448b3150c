"""The mark of a run: which process writes it since when, so that one that was cut off is told from one that goes on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from settings.processes import here, is_of_this_machine, still_runs

PROCESS, SINCE = "process", "process_since"
ELSEWHERE = timedelta(days=1)  # how long a run of another machine, of which nothing can be known, is left alone


def run_mark() -> dict[str, str]:
    """Tags by which this process and moment are found again."""
    return {PROCESS: here(), SINCE: datetime.now(UTC).isoformat()}


def goes_on(tags: Mapping[str, str]) -> bool:
    """Whether the process that marked a run lives; a run without a mark is of an earlier release and does not."""
    process, since = tags.get(PROCESS), tags.get(SINCE)
    if process is None or since is None:
        return False
    begun = datetime.fromisoformat(since)
    if is_of_this_machine(process):
        return still_runs(process, begun)
    return datetime.now(UTC) - begun < ELSEWHERE
