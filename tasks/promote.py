"""The tasks that change what is in production: first the ledger, then the aliases that follow it."""

import getpass
import json
from dataclasses import dataclass

from prefect import task

from data.settings import load_settings
from registry.errors import GateError
from registry.gate import Decision
from registry.ledger import Entry, Ledger
from registry.models import follow_ledger, model_version
from registry.package import load_package
from registry.tracking import read_text
from tasks.evaluate import Verdict
from tasks.policy import IO
from tasks.train import Candidate


@dataclass(frozen=True)
class Promotion:
    """What the gate decided about a version, and which one is in production now."""

    domain: str
    version: int
    outcome: str
    reasons: tuple[str, ...]
    champion: int | None


@task(name="read verdict", task_run_name="read verdict {name} v{version}", **IO)
def read_verdict(name: str, version: int) -> Verdict:
    """The gate's latest decision about a version, as it was recorded.

    Raises:
        GateError: the version was never evaluated.
    """
    run_id = model_version(name, version).tags.get("decision_run")
    if run_id is None:
        raise GateError(f"{name!r} v{version} was never judged; run `regraft evaluate {name} {version}` first")
    found = json.loads(read_text(run_id, "decision.json"))
    decision = Decision.model_validate_json(json.dumps(found["decision"]))
    return Verdict(name, version, found["champion"], found["dataset_version"], decision)


@task(name="promote", task_run_name="promote {verdict.domain} v{verdict.version}", **IO)
def promote(verdict: Verdict, reason: str, *, deliberate: bool = False) -> Promotion:
    """Makes a version champion if the gate said PROMOTE and the champion is still the one it was compared with.

    A version that people rolled back returns only by a deliberate promotion. Trying again after an interruption writes
    no second row.
    """
    ledger, decision = Ledger(load_settings().ledger), verdict.decision
    barred = None if deliberate else rolled_back(ledger.entries(verdict.domain), verdict.version)
    if barred:
        return Promotion(verdict.domain, verdict.version, "HOLD", (barred,), ledger.champion(verdict.domain))
    if decision.outcome == "PROMOTE" and ledger.champion(verdict.domain) != verdict.version:
        ledger.append(
            verdict.domain,
            action="promote",
            expected=verdict.champion,
            to=verdict.version,
            actor=actor(),
            reason=f"{reason}; {decision.reasons[0]}",
            evidence=decision.sha256,
            dataset_version=verdict.dataset_version,
        )
    follow_ledger(verdict.domain)
    return Promotion(
        verdict.domain, verdict.version, decision.outcome, decision.reasons, ledger.champion(verdict.domain)
    )


@task(name="unchanged", task_run_name="unchanged {candidate.domain} v{candidate.version}", **IO)
def unchanged(candidate: Candidate) -> Promotion:
    """Says that the champion already is what the present data, backbone, recipe and seed give."""
    follow_ledger(candidate.domain)
    reasons = ("data, backbone, recipe and seed are those of the champion",)
    return Promotion(candidate.domain, candidate.version, "UNCHANGED", reasons, candidate.version)


@task(name="find target", task_run_name="find what {name} returns to", **IO)
def find_target(name: str, to: int | None) -> int:
    """The version to return to: `to`, or the one before.

    A rollback whose process died between ledger and aliases is finished here, not followed by another one.

    Raises:
        GateError: there is nothing to return to.
    """
    ledger = Ledger(load_settings().ledger)
    entries = ledger.entries(name)
    target = ledger.previous(name) if to is None else to
    if target is None:
        raise GateError(
            f"{name!r} has no earlier version in production; promote a second one first, or name one with --to"
        )
    interrupted = bool(follow_ledger(name)) and entries[-1].action == "rollback"
    return entries[-1].to_version if interrupted and to is None else target


@task(name="rollback", task_run_name="roll back {name} to v{target}", **IO)
def rollback(name: str, target: int, reason: str) -> Promotion:
    """Returns to a version that was in production once; its package is verified first.

    Trying again after an interruption writes no second row.

    Raises:
        LedgerError: that version was never in production.
        PackageError: its package is not what was registered.
    """
    ledger = Ledger(load_settings().ledger)
    current, found = ledger.champion(name), model_version(name, target)
    load_package(found.folder)
    if current != target:
        ledger.append(
            name, action="rollback", expected=current, to=target, actor=actor(), reason=reason, evidence="",
            dataset_version=found.tags.get("dataset_version", ""),
        )  # fmt: skip
    follow_ledger(name)
    return Promotion(name, target, "ROLLBACK", (reason,), target)


def rolled_back(entries: list[Entry], version: int) -> str | None:
    """Why a version may not return by itself: the rollback by which it last left production, if it was one."""
    left = [entry for entry in entries if entry.from_version == version]
    if not left or left[-1].action != "rollback":
        return None
    last = left[-1]
    return (
        f"v{version} was rolled back by {last.actor} at {last.time[:19]} ({last.reason}); "
        f"`regraft promote {last.domain} {version} --reason …` puts it back"
    )


def actor() -> str:
    """Who acts: REGRAFT_ACTOR, or the login name."""
    return load_settings().actor or getpass.getuser()
