"""The moment that a check is of: now, or one in the past with what was known then."""

from dataclasses import dataclass
from datetime import UTC, datetime

from registry.ledger.history import NOTHING, Entry, row_stamp, since_removal
from registry.ledger.ledger import Ledger
from registry.store.models import ModelVersion, model_version
from settings.machine import load_settings


@dataclass(frozen=True)
class Moment:
    """When a check looks; `at` where that is past: what came later counts for nothing."""

    now: datetime
    at: datetime | None = None

    @classmethod
    def present(cls) -> "Moment":
        """This one."""
        return cls(datetime.now(UTC))

    @classmethod
    def past(cls, time: datetime) -> "Moment":
        """One that is over."""
        return cls(time, time)

    def entries(self, name: str) -> list[Entry]:
        """The ledger of a domain as it was, oldest first."""
        rows = Ledger(load_settings().ledger).entries(name)
        return since_removal([row for row in rows if self.at is None or row.time <= row_stamp(self.at)])


@dataclass(frozen=True)
class Champion:
    """A version in production, and since when."""

    found: ModelVersion
    since: datetime


def champion_of(name: str, moment: Moment) -> Champion | None:
    """The version that was in production; None: none was.

    Raises:
        ModelNotFoundError: it was deleted.
        RegistryError: MLflow or the ledger is down.
    """
    entries = moment.entries(name)
    if not entries or entries[-1].to_version == NOTHING:
        return None
    return Champion(model_version(name, entries[-1].to_version), datetime.fromisoformat(entries[-1].time))
