"""Traffic that somebody has called as it should be is what the checks of its version compare with from then on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from monitoring.broken.sign import Scene
from monitoring.reference import Reference, rebased
from monitoring.triage import triage
from monitoring.windows import Window, window_of
from registry.ledger.history import term_began
from registry.ledger.ledger import Ledger
from registry.ledger.watch.checks import Checks
from registry.ledger.watch.marks import Mark, Marks
from registry.store.models import ModelVersion, champion
from serving.log.predictions import read
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.watch.moment import Moment

EPOCH, MOMENT = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True)
class Accepted:
    """So many samples of a version that are as they should be, and what its last check found; empty: there was none."""

    domain: str
    version: int
    samples: int
    last_check: str = ""


def accept(config: Domain, reason: str, *, broken: bool = False) -> Accepted:
    """Says, on record, that the present window of the champion is as it should be; `broken`: though it looks broken.

    Raises:
        ConfigError: there is no champion, no traffic of it, or it looks broken.
    """
    found, settings = champion(config.name), load_settings()
    if found is None:
        raise ConfigError(f"{config.name}: there is no champion; `regraft retrain {config.name}` brings one")
    since = term_began(Ledger(settings.ledger).entries(config.name))
    window = window_of(read(config.name, version=found.version, last=config.monitoring.window, since=since), since)
    rows = window.usable
    if not len(rows):
        failed = f" ({window.samples} samples failed)" if window.samples else ""
        raise ConfigError(f"{config.name}: v{found.version} has no traffic yet that could be accepted{failed}")
    if not broken:
        _require_sound(config, found, window)
    first, last = (int((time.to_pydatetime() - EPOCH) / MOMENT) for time in (rows["time"].min(), rows["time"].max()))
    Marks(settings.ledger).add(Mark(config.name, "accept", f"{first}/{last}", settings.who, reason))
    return Accepted(config.name, found.version, len(rows), _last_check(config.name, found.version))


def _require_sound(config: Domain, found: ModelVersion, window: Window) -> None:
    """Raises ConfigError where a check would call the window broken; silence after it is no fault of its samples."""
    package, times = found.load(), window.rows["time"]
    own = Reference(package.reference, package.transform.hash, package.classes, package.cross_fitted)
    known = rebased(own, accepted(config.name, found.version, window.since, Moment.present()))
    health = triage(Scene(window, known, config.watched, times.max(), times))
    if health.verdict in {"broken data", "skew"}:
        rule = "such traffic would become what later traffic is compared with; mend it, or accept it with --yes"
        raise ConfigError(f"{config.name}: {health.verdict}: {health.reason}; {rule}")


def _last_check(name: str, version: int) -> str:
    checks = [check for check in Checks(load_settings().ledger).newest(name, 1) if check.version == version]
    return "".join(f"{one.outcome}, {one.time[:16].replace('T', ' ')} UTC: {one.reason}" for one in checks)


def accepted(name: str, version: int, since: datetime | None, moment: Moment) -> pd.DataFrame:
    """The usable rows of a version that were accepted in its term by a moment, as far as the log still has them."""
    marks = Marks(load_settings().ledger).of_kind(name, "accept", moment.at)
    ours = [mark for mark in marks if since is None or datetime.fromisoformat(mark.time) >= since]
    parts = [read(name, version=version, since=_at(mark, 0), until=_at(mark, 1) + MOMENT) for mark in ours]
    return window_of(pd.concat(parts, ignore_index=True), None).usable if parts else pd.DataFrame()


def _at(mark: Mark, place: int) -> datetime:
    return EPOCH + int(mark.subject.split("/")[place]) * MOMENT
