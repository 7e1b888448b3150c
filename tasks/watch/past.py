"""What came before a check, from the ledger's database and the labels that were filed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitoring.budget.apart import apart
from monitoring.controller.state import Past
from registry.ledger.events import Events
from registry.ledger.history import way_back
from registry.ledger.watch.checks import CheckRecord
from registry.ledger.watch.marks import Marks
from registry.ledger.watch.retrains import Retrain, idle, retrains_of
from registry.store.models import describe_versions
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.monitor import Seen
from tasks.watch.moment import Moment

EVENTS = 400  # of retrains, three or four each: far more than a budget of a week


def past_of(config: Domain, seen: Seen, checks: Sequence[CheckRecord], moment: Moment) -> Past:
    """What the controller is to know of what came before a check.

    Args:
        config: the domain.
        seen: what the check found.
        checks: earlier ones, oldest first.
        moment: of the check.
    """
    name, ledger, now, at = config.name, load_settings().ledger, moment.now, moment.at
    marks = Marks(ledger).latest(name, at)
    retrains = retrains_of(Events(ledger).of_kind(name, "retrain", EVENTS if at is None else None), at)
    reset, mute = marks.get("reset"), marks.get("mute")
    last = retrains[-1].began if retrains else None
    return Past(
        now=now,
        hour=now.astimezone(ZoneInfo(config.schedule.timezone)).hour,
        suspects=_suspects(checks, seen.version, seen.began),
        retrains=[one.began for one in retrains],
        idle=idle(retrains, datetime.fromisoformat(reset.time) if reset else None),
        tried=max((one.began for one in retrains if one.asked and one.began <= now), default=None),
        labels=_labels(config.root / "data" / "feedback" / name, last, at),
        way_back=way_back(moment.entries(name), describe_versions(name)),
        muted=datetime.fromisoformat(mute.subject) if mute else None,
        under_way=_under_way(retrains, checks, seen.version, seen.window),
    )


def _suspects(checks: Sequence[CheckRecord], version: int, began: str) -> list[bool]:
    """Whether each earlier window of this champion was suspect, of those that share no sample."""
    return [check.suspect for check in apart([one for one in checks if one.version == version], began)]


def _under_way(retrains: Sequence[Retrain], checks: Sequence[CheckRecord], version: int, window: str) -> str:
    """Why one retrain more would be one too many; empty: it would not."""
    started = [check for check in checks if check.outcome == "retrain"]
    if any(check.owes for check in started):
        return "a retrain is owed already"
    if retrains and retrains[-1].runs:
        return f"the retrain of {retrains[-1].began:%Y-%m-%d %H:%M} UTC still runs"
    if any((check.version, check.window) == (version, window) for check in started):
        return "the same traffic has started a retrain already"
    return ""


def _labels(folder: Path, since: datetime | None, until: datetime | None) -> int:
    """Rows of the tables of labels that were filed after a time, and until another."""
    filed = {path: path.stat().st_mtime for path in folder.glob("*.csv")}
    first, last = (since.timestamp() if since else 0.0), (until.timestamp() if until else float("inf"))
    tables = [path for path, time in filed.items() if first < time <= last]
    return sum(max(0, len(path.read_text("utf-8").splitlines()) - 1) for path in tables)
