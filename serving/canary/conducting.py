"""A canary's course: what the log shows of it is judged again and again, and its end is written with its evidence."""

import hashlib
from dataclasses import dataclass

from registry.gate.config import CanaryConfig
from registry.ledger.canaries import Canary, End, end_canary, open_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from registry.store.models import model_version
from registry.store.promotion import show_promotion, write_promotion
from registry.store.tracking import log_json
from registry.store.verdicts import Verdict, recorded_verdict
from serving.canary.judging import Finding, Speeds, judge
from serving.canary.pairs import pairs_of
from serving.feedback.labelled import labelled
from settings.machine import load_settings

# Of the log, where embeddings are most of it.
COLUMNS = ("id", "time", "version", "predicted", "error", "abstained", "group", "session")


@dataclass(frozen=True)
class Standing:
    """How a canary stands: the share of callers that it may answer, against which champion, what is found."""

    canary: Canary
    champion: int | None
    share: float
    finding: Finding


def standing(domain: str, speeds: Speeds | None = None) -> Standing | None:
    """How the domain's canary stands; None where it has none.

    Raises:
        RegistryError: MLflow or the ledger is down.
        StorageError: the prediction log cannot be read.
    """
    canary = open_canary(Events(load_settings().ledger), domain)
    return _standing(canary, recorded_verdict(domain, canary.version), speeds) if canary else None


def _standing(canary: Canary, verdict: Verdict, speeds: Speeds | None) -> Standing:
    plan = verdict.decision.config.canary or CanaryConfig()
    rows = labelled(canary.domain, since=canary.since, columns=COLUMNS)
    pairs = pairs_of(rows, verdict.champion or 0, canary.version)
    finding = judge(pairs, verdict.decision, plan, canary.hours(), speeds)
    return Standing(canary, verdict.champion, plan.share(finding.figures.progress), finding)


def settle(domain: str, speeds: Speeds | None = None) -> Standing | None:
    """Judges the domain's canary, and brings it to its end where it has come to one.

    The ledger's row is first: whoever dies behind it leaves a champion that is still called canary, which the next call
    mends.

    Raises:
        RegistryError: MLflow or the ledger is down; the next call goes on.
        StorageError: the prediction log cannot be read.
    """
    canary = open_canary(Events(load_settings().ledger), domain)
    if canary is None:
        return None
    verdict, champion = recorded_verdict(domain, canary.version), Ledger(load_settings().ledger).champion(domain)
    if champion == canary.version:
        _end(canary, "PROMOTE", "it is in production")
    elif champion != verdict.champion:
        _end(canary, "HOLD", f"v{champion} came into production meanwhile, it was compared with v{verdict.champion}")
    else:
        found = _standing(canary, verdict, speeds)
        if found.finding.end:
            _conclude(verdict, found)
        return found
    return None


def stop(domain: str, who: str) -> Canary | None:
    """Ends the domain's canary because a person says so; None where it has none."""
    canary = open_canary(Events(load_settings().ledger), domain)
    if canary:
        _end(canary, "HOLD", f"stopped by {who}")
    return canary


def _conclude(verdict: Verdict, found: Standing) -> None:
    """Keeps the evidence beside the version's run, then acts on it."""
    finding, evidence = found.finding, found.finding.evidence()
    digest = hashlib.sha256(evidence.encode()).hexdigest()
    log_json(model_version(verdict.domain, verdict.version).run_id, f"canary/{digest}.json", evidence)
    end, reason = finding.end or "HOLD", f"{finding.reason} (evidence {digest[:12]})"
    if end == "PROMOTE" and verdict.decision.config.approval:
        end, reason = "HOLD", f"it may be promoted ({reason}), if an approver agrees"
    if end == "PROMOTE":
        write_promotion(verdict, f"canary: {reason}", digest)
    _end(found.canary, end, reason)
    if end == "PROMOTE":
        show_promotion(verdict.domain)


def _end(canary: Canary, end: End, reason: str) -> None:
    end_canary(Events(load_settings().ledger), canary, end, reason)
