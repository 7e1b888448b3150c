"""What came before a check, from the ledger's database and the labels that were filed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitoring.budget.apart import apart
from monitoring.controller.state import Past
from registry.ledger.events import Events
from registry.ledger.history import way_back
from registry.ledger.ledger import Ledger
from registry.ledger.watch.checks import CheckRecord
from registry.ledger.watch.marks import Marks
from registry.ledger.watch.retrains import Retrain, idle, retrains_of
from registry.store.models import describe_versions
from settings.machine import load_settings
from tasks.domain import Domain

EVENTS = 400  # of retrains, three or four each: far more than a budget of a week


def past_of(config: Domain, version: int, window: str, checks: Sequence[CheckRecord], began: str = "") -> Past:
    """What the controller is to know of what came before a check.

    Args:
        config: the domain.
        version: the champion of the check.
        window: the digest of its traffic.
        checks: earlier ones, oldest first.
        began: the time of the oldest sample of its traffic.
    """
    name, ledger, now = config.name, load_settings().ledger, datetime.now(UTC)
    marks, retrains = Marks(ledger).latest(name), retrains_of(Events(ledger).of_kind(name, "retrain", EVENTS))
    reset, mute = marks.get("reset"), marks.get("mute")
    last = retrains[-1].began if retrains else None
    return Past(
        now=now,
        hour=now.astimezone(ZoneInfo(config.schedule.timezone)).hour,
        suspects=_suspects(checks, version, began),
        retrains=[one.began for one in retrains],
        idle=idle(retrains, datetime.fromisoformat(reset.time) if reset else None),
        labels=_labels(config.root / "data" / "feedback" / name, last),
        way_back=way_back(Ledger(ledger).present(name), describe_versions(name)),
        muted=datetime.fromisoformat(mute.subject) if mute else None,
        under_way=_under_way(retrains, checks, version, window),
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


def _labels(folder: Path, since: datetime | None) -> int:
    """Rows of the tables of labels that were filed after a time."""
    tables = [path for path in folder.glob("*.csv") if since is None or path.stat().st_mtime > since.timestamp()]
    return sum(max(0, len(path.read_text("utf-8").splitlines()) - 1) for path in tables)
