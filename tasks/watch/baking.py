"""A new champion beside the one before it, on the labelled traffic since it came: is it worse?"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from registry.errors import GateError
from registry.gate.config import CanaryConfig
from registry.gate.decision import Decision
from registry.ledger.history import way_back
from registry.ledger.ledger import Ledger
from registry.store.models import ModelVersion, describe_versions, model_version
from registry.store.verdicts import recorded_verdict
from serving.canary.judging import judge
from serving.canary.pairs import pairs_of
from serving.feedback.labelled import labelled
from serving.rescoring import rescored
from settings.machine import load_settings
from tasks.domain import Domain

COLUMNS = ("id", "time", "version", "hash", "path", "predicted", "error", "abstained", "group", "session", "slot")
MOST = 5000  # labelled samples that the earlier version answers again; the first ones, so that looks may be repeated


@dataclass(frozen=True)
class Term:
    """Since when a champion is in production, which version was before it, and by which decision it came."""

    since: datetime
    before: int
    decision: Decision


def regression(config: Domain, found: ModelVersion) -> str:
    """In what the champion is surely worse than the version before it; empty: that is not shown.

    Both are judged as a canary and its champion are, on the samples that the champion has answered since it came into
    production, are labelled or made it fail, and whose content can still be had: the file is as it was, or the input
    was kept.

    Raises:
        RegistryError: MLflow or the ledger is down.
        StorageError: the prediction log cannot be read.
    """
    term = _baking(config, found.version)
    if term is None:
        return ""
    rows = labelled(config.name, version=found.version, since=term.since, columns=COLUMNS)
    rows = rows[rows["slot"] == "champion"]
    asked = pd.concat([rows[rows["labelled"].notna()].head(MOST), rows[rows["error"].notna()].head(MOST)])
    if asked.empty:
        return ""
    asked = asked[asked["abstained"] != True].drop_duplicates("id")  # noqa: E712  -- null where a release knew none
    asked = asked.assign(abstained=0)  # what names no class is neither right nor wrong
    before = rescored(config.name, model_version(config.name, term.before).load(), term.before, asked)
    pairs = replace(pairs_of(pd.concat([asked, before]), term.before, found.version), asked=len(rows))
    finding = judge(pairs, term.decision, term.decision.config.canary or CanaryConfig(), 0.0)
    return f"v{found.version} is worse than v{term.before}: {finding.reason}" if finding.end == "WITHDRAW" else ""


def _baking(config: Domain, version: int) -> Term | None:
    """The champion's term, while it is new; None: it is not, no promotion began it, or nothing was there before it."""
    entries = Ledger(load_settings().ledger).present(config.name)
    last = entries[-1] if entries else None
    if last is None or last.action != "promote" or last.to_version != version:
        return None
    since = datetime.fromisoformat(last.time)
    before = way_back(entries, describe_versions(config.name))
    if before is None or datetime.now(UTC) - since > timedelta(hours=config.monitoring.policy.baking_hours):
        return None
    try:
        return Term(since, before, recorded_verdict(config.name, version).decision)
    except GateError:
        return None  # it was put there by hand, and no rule says what is borne
