"""Checks as they would have been at times that are past; nothing is written, started or told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from registry.ledger.history import NOTHING, row_stamp
from registry.ledger.ledger import Ledger
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.domain import Domain, load_domain
from tasks.monitor import look
from tasks.watch.acting.deciding import decided
from tasks.watch.acting.recalling import MEMORY, looked_back_on
from tasks.watch.moment import Moment
from tasks.watch.report import MonitorReport, nothing_to_watch, report_of

DAILY = "0 0 * * *"


def replay(name: str, at: datetime) -> MonitorReport:
    """The check of a domain as it would have been at a time, by the domain's present YAML.

    The champion, its traffic, the labels that had come, the checks before, retrains and marks are those of that time;
    what was erased or merged away since cannot come back.

    Raises:
        ConfigError: there is no such domain.
        StorageError: the prediction log cannot be read.
    """
    before = Checks(load_settings().ledger).newest(name, MEMORY, until=at)
    return _replayed(load_domain(name), at, before, at)[0]


def backfill(name: str, since: datetime, until: datetime | None = None) -> list[MonitorReport]:
    """The checks of a domain's schedule from a time on, each as `replay`; where it has none, one a day and one now.

    They take the place of those that were made since: each knows those that were replayed before it.

    Raises:
        ConfigError: there is no such domain.
        StorageError: the prediction log cannot be read.
    """
    config, found = load_domain(name), []
    before = Checks(load_settings().ledger).newest(name, MEMORY, until=since)
    for time in _times(config, since, until or datetime.now(UTC)):
        report, check = _replayed(config, time, before, since)
        found.append(report)
        before = [*before, *check]
    return found


def _replayed(
    config: Domain, at: datetime, before: Sequence[CheckRecord], until: datetime
) -> tuple[MonitorReport, list[CheckRecord]]:
    """The report of one check, and the check itself, which owes nothing; the ledger's checks count up to `until`."""
    moment, time = Moment.past(at), row_stamp(at)
    looked = look(config, moment)
    if looked is None:
        return replace(nothing_to_watch(config.name), reason=_not_yet(config.name), time=time, replayed=True), []
    seen = looked.seen(page=None)
    known = looked_back_on(config, seen, before, row_stamp(until))
    check = replace(decided(config, seen, known, moment), time=time, delivery="replayed: nothing was started")
    return replace(report_of(seen, check), replayed=True), [check]


def _not_yet(name: str) -> str:
    """Why there was nothing to check at a time, to which no command leads back."""
    first = next((row for row in Ledger(load_settings().ledger).entries(name) if row.to_version != NOTHING), None)
    if first is None:
        return nothing_to_watch(name).reason
    came = f"{first.time[:16].replace('T', ' ')} UTC"
    return f"no champion was in production then; the first, v{first.to_version}, came {came}"


def _times(config: Domain, since: datetime, until: datetime) -> Iterator[datetime]:
    """When the schedule would have checked, the first time itself included; without one midnights, and the end."""
    zone = ZoneInfo(config.schedule.timezone)
    times = croniter(config.schedule.monitor or DAILY, (since - timedelta(minutes=1)).astimezone(zone))
    while (time := times.get_next(datetime)) <= until:
        if time >= since:
            yield time.astimezone(UTC)
    if config.schedule.monitor is None:
        yield until
