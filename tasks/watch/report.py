"""What a check came to, for those who asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from registry.ledger.watch.checks import CheckRecord
from tasks.monitor import Seen
from tasks.policy import IO
from tasks.progress import artifact_key


@dataclass(frozen=True)
class MonitorReport:
    """What one check found, what was decided, and what was started; one that was `replayed` started nothing."""

    domain: str
    version: int | None
    outcome: str
    reason: str
    samples: int = 0
    window: str = ""
    statistics: dict[str, float] = field(default_factory=dict)
    signals: tuple[dict[str, Any], ...] = ()
    judged: tuple[dict[str, Any], ...] = ()
    performance: str = ""
    trial: str = ""
    page: str | None = None
    started: tuple[str, ...] = ()
    time: str = ""
    replayed: bool = False


def nothing_to_watch(name: str) -> MonitorReport:
    """The report of a domain without champion: a result and no fault."""
    return MonitorReport(name, None, "cannot judge", f"no champion to watch yet; run `regraft retrain {name}`")


@task(name="report check", task_run_name="report the check of {seen.domain}: {check.outcome}", **IO)
def reported(seen: Seen, check: CheckRecord, started: list[str]) -> MonitorReport:
    """The report of a check; its newest state is shown in the Prefect UI."""
    found = report_of(seen, check, started)
    told = f"champion v{found.version}, {found.samples} samples"
    create_markdown_artifact(_markdown(found, seen.table), key=artifact_key("check", found.domain), description=told)
    return found


def report_of(seen: Seen, check: CheckRecord, started: Sequence[str] = ()) -> MonitorReport:
    """The report of a check."""
    return MonitorReport(
        domain=seen.domain,
        version=seen.version,
        outcome=check.outcome,
        reason=check.reason,
        samples=seen.samples,
        window=seen.window,
        statistics=seen.statistics,
        signals=seen.signals,
        judged=seen.judged,
        performance=seen.evidence.performance,
        trial=seen.trial,
        page=seen.page,
        started=tuple(started),
        time=check.time,
    )


def _markdown(found: MonitorReport, table: str) -> str:
    page = f"Page: `{found.page}`" if found.page else ""
    tried = f"The check was {found.trial}." if found.trial else ""
    parts = [f"**{found.outcome}**: {found.reason}", *found.started, table, tried, page]
    return "\n\n".join(filter(None, parts))
