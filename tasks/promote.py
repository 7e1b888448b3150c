"""The tasks that change what is in production: first the ledger, then the aliases that follow it."""

import getpass
import json
from dataclasses import dataclass

from prefect import task

from data.settings import load_settings
from registry.errors import GateError
from registry.gate import Decision
from registry.ledger import Ledger
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
def promote(verdict: Verdict, reason: str) -> Promotion:
    """Makes a version champion if the gate said PROMOTE and the champion is still the one it was compared with.

    Trying again after an interruption writes no second row.
    """
    ledger, decision = Ledger(load_settings().ledger), verdict.decision
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
    reasons = ("data, backbone, recipe and seed are those of the champion",)
    return Promotion(candidate.domain, candidate.version, "UNCHANGED", reasons, candidate.version)


@task(name="rollback", task_run_name="roll back {name}", **IO)
def rollback(name: str, to: int | None, reason: str) -> Promotion:
    """Returns to the version before, or to one that was in production once; its package is verified first.

    Raises:
        GateError: there is nothing to return to.
        LedgerError: that version was never in production.
        PackageError: its package is not what was registered.
    """
    ledger = Ledger(load_settings().ledger)
    current = ledger.champion(name)
    target = ledger.previous(name) if to is None else to
    if target is None:
        raise GateError(
            f"{name!r} has no earlier version in production; promote a second one first, or name one with --to"
        )
    found = model_version(name, target)
    load_package(found.folder)
    ledger.append(
        name, action="rollback", expected=current, to=target, actor=actor(), reason=reason, evidence="",
        dataset_version=found.tags.get("dataset_version", ""),
    )  # fmt: skip
    follow_ledger(name)
    return Promotion(name, target, "ROLLBACK", (reason,), target)


def actor() -> str:
    """Who acts: REGRAFT_ACTOR, or the login name."""
    return load_settings().actor or getpass.getuser()
