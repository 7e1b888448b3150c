"""Which checks people are told of: that something is the matter, that it changed, that it is over."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from registry.ledger.watch.checks import CheckRecord, Outcome

CALLS: tuple[Outcome, ...] = ("broken data", "skew", "hold", "rollback", "retrain")


@dataclass(frozen=True)
class Alert:
    """What people are told of a check; `over` where what they were told before is no more."""

    domain: str
    version: int
    outcome: str
    reason: str
    time: str
    key: str
    over: bool = False

    @property
    def subject(self) -> str:
        """One line."""
        return f"Regraft: {self.domain} {'is well again' if self.over else self.outcome}"

    @property
    def body(self) -> str:
        """A few lines, with what shows more."""
        return f"{self.outcome}: {self.reason}\n\nv{self.version}, {self.time[:19]} UTC. `regraft status {self.domain}`"

    def payload(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "subject": self.subject}


def calls(check: CheckRecord | None) -> bool:
    """Whether a check is one that people are told of."""
    return check is not None and check.outcome in CALLS


def alerts_of(checks: Sequence[CheckRecord]) -> list[tuple[CheckRecord, Alert]]:
    """The checks, given oldest first, that tell something new, each with what people are told.

    Only a call and "ok" are news: while a retrain is under way, or nothing can be judged, all is as it was. What lies
    before the first one is not known.
    """
    found: list[tuple[CheckRecord, Alert]] = []
    before: CheckRecord | None = None
    for check in checks:
        if not calls(check) and check.outcome != "ok":
            continue
        if _is_news(before, check):
            shown = {name: getattr(check, name) for name in ("domain", "version", "outcome", "reason", "time", "key")}
            found.append((check, Alert(**shown, over=not calls(check))))
        before = check
    return found


def _is_news(before: CheckRecord | None, check: CheckRecord) -> bool:
    """A call that is not as the one before it, or the good end of one."""
    if not calls(check) or not calls(before):
        return calls(check) != calls(before)
    return before is not None and _about(before) != _about(check)


def _about(check: CheckRecord) -> tuple[str, int, str]:
    return check.outcome, check.version, check.asks
