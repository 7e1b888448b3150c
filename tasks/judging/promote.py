"""The tasks that change what is in production: first the ledger, then the aliases that follow it."""

from dataclasses import dataclass

from prefect import task

from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder
from registry.errors import GateError, QuarantineError
from registry.ledger.binding import package_sha256, refuse_unbound, rule_sha256
from registry.ledger.canaries import begin_canary
from registry.ledger.events import Events
from registry.ledger.history import way_back
from registry.ledger.ledger import Change, Ledger
from registry.ledger.uses import Uses
from registry.store.aliases import alias_faults, follow_ledger
from registry.store.models import describe_versions, model_version
from registry.store.promotion import show_promotion, verified, write_promotion
from registry.store.verdicts import Verdict, recorded_verdict
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.judging.outcome import outcome_task
from tasks.making.train import Candidate
from tasks.policy import IO

NOBODY_ASKED = "PROVISIONAL, which stays a HOLD where the YAML has neither gate.approval nor gate.canary"


@dataclass(frozen=True)
class Promotion:
    """What the gate decided about a version, and which one is in production now."""

    domain: str
    version: int
    outcome: str
    reasons: tuple[str, ...]
    champion: int | None


@dataclass(frozen=True)
class WayBack:
    """What a rollback returns to, and the champion of the moment in which that was chosen."""

    to: int
    champion: int


@task(name="read verdict", task_run_name="read verdict {name} v{version}", **IO)
def read_verdict(name: str, version: int) -> Verdict:
    """The gate's latest decision about a version, as it was recorded.

    Raises:
        GateError: the version was never evaluated, or by a release that recorded something else.
    """
    return recorded_verdict(name, version)


@task(name="check decision", task_run_name="check the decision on {verdict.domain} v{verdict.version}", **IO)
def check_decision(config: Domain, verdict: Verdict) -> None:
    """Raises GateError where a decision that was kept for a while is not about what is there now."""
    name, settings = f"{config.name} v{verdict.version}", load_settings()
    decided = Uses(settings.ledger).decided(config.name, verdict.version)
    if decided is None:
        raise GateError(f"{name}: the ledger's database has no decision on it; `regraft evaluate` it again")
    dataset = Dataset(processed_folder(config.root, config.name), config.data.tasks)
    present = {"rule": rule_sha256(config.gate), "test_set": dataset.test_set}
    present |= {"evidence": verdict.evidence, "champion": str(verdict.champion)}
    packages = {one: package_sha256(model_version(config.name, int(one)).folder) for one in decided.packages}
    refuse_unbound(name, decided, present, packages)


@task(name="find best version", task_run_name="find the best version of {name}", **IO)
def find_best(name: str, champion: int) -> int | None:
    """The version that small losses are counted from, where it is not the champion itself and is still there."""
    decided = Uses(load_settings().ledger).decided(name, champion)
    return decided.best if decided and decided.best in describe_versions(name) else None


@outcome_task(name="promote", task_run_name="promote {verdict.domain} v{verdict.version}", **IO)
def promote(verdict: Verdict, reason: str, *, deliberate: bool = False, approval: str = "") -> Promotion:
    """Makes a version champion if the gate said PROMOTE and the champion is still the one it was compared with.

    PROVISIONAL needs the `approval` of a person. Without it a canary begins where the rule has one; else things stay as
    they are, which is HOLD. A version in quarantine returns only by a deliberate promotion. Trying again after an
    interruption writes no second row. `approval` is JSON of who agreed, when and with which comment, or empty.

    Raises:
        ModelNotFoundError: the version was deleted since it was judged.
        PackageError: its package is not what was registered.
        LedgerConflictError: the champion is another one by now.
        RegistryError: MLflow or the ledger is down; the message says whether the promotion stands.
    """
    name, decision = verdict.domain, verdict.decision
    if decision.outcome == "PROVISIONAL" and decision.config.canary and not approval:
        return _begin_canary(verdict)
    outcome = (
        {True: "PROMOTE", False: "HOLD"}[bool(approval)] if decision.outcome == "PROVISIONAL" else decision.outcome
    )
    try:
        if outcome == "PROMOTE":
            write_promotion(
                verdict, f"{reason}; {decision.reasons[0]}", verdict.evidence, deliberate=deliberate, approval=approval
            )
    except QuarantineError as barred:
        return Promotion(name, verdict.version, "HOLD", (str(barred),), _champion(name))
    show_promotion(name)
    reasons = decision.reasons if outcome == decision.outcome or approval else (NOBODY_ASKED, *decision.reasons)
    return Promotion(name, verdict.version, outcome, reasons, _champion(name))


@task(name="find whether it stands", task_run_name="is {verdict.domain} v{verdict.version} in production", **IO)
def standing(verdict: Verdict) -> Promotion | None:
    """Says that a version is in production already, and brings the aliases there; None: it is not."""
    if _champion(verdict.domain) != verdict.version:
        return None
    follow_ledger(verdict.domain)
    told = (f"v{verdict.version} is in production already",)
    return Promotion(verdict.domain, verdict.version, "UNCHANGED", told, verdict.version)


@task(name="unchanged", task_run_name="unchanged {candidate.domain} v{candidate.version}", **IO)
def unchanged(candidate: Candidate) -> Promotion:
    """Says that the champion already is what the present data, backbone, recipe and seed give."""
    follow_ledger(candidate.domain)
    reasons = ("data, backbone, recipe and seed are those of the champion",)
    return Promotion(candidate.domain, candidate.version, "UNCHANGED", reasons, candidate.version)


@task(name="find target", task_run_name="find what {name} returns to", **IO)
def find_target(name: str, to: int | None) -> WayBack:
    """The version to return to: `to`, or the latest one before that is neither in quarantine nor deleted in MLflow.

    A rollback whose process died between ledger and aliases is to be finished, not followed by another one.

    Raises:
        GateError: there is nothing to return to.
    """
    alias_faults(name)  # a shortened ledger would name another one
    entries, there = Ledger(load_settings().ledger).present(name), describe_versions(name)
    if not entries:
        raise GateError(f"{name!r} has no version in production yet; `regraft retrain {name}` brings the first")
    current = entries[-1]
    if to is not None:
        return WayBack(to, current.to_version)
    if current.action == "rollback" and alias_faults(name).aliases.get("champion") == current.to_version:
        return WayBack(current.to_version, current.to_version)
    target = way_back(entries, there)
    if target is None:
        others = ", ".join(str(number) for number in there if number != current.to_version)
        remedy = f"name one with --to (there: {others})" if others else f"`regraft retrain {name}` makes another"
        raise GateError(
            f"{name!r} has no earlier version in production that is in MLflow and not in quarantine; {remedy}"
        )
    return WayBack(target, current.to_version)


@task(name="rollback", task_run_name="roll back {name} to v{way.to}", **IO)
def rollback(name: str, way: WayBack, reason: str) -> Promotion:
    """Returns to a registered version after verifying its package; the version that it leaves goes into quarantine.

    Trying again after an interruption writes no second row; a version that is in production already stays there.

    Raises:
        LedgerConflictError: another version came into production since the way back was chosen.
        ModelNotFoundError: that version is not in the registry.
        PackageError: its package is not what was registered.
        RegistryError: MLflow or the ledger is down; the message says whether the rollback stands.
    """
    ledger, target = Ledger(load_settings().ledger), way.to
    found = verified(name, target)
    entries = ledger.present(name)
    current = entries[-1].to_version if entries else None
    known = target in {entry.to_version for entry in entries}
    told = reason if known else f"{reason}; never in production before, gate: {found.tags.get('decision', 'not asked')}"
    if current != target:
        version = found.tags.get("dataset_version", "")
        ledger.append(Change(name, "rollback", way.champion, target, load_settings().who, told, "", version))
    repaired = show_promotion(name)
    if current == target and not (repaired and entries[-1].action == "rollback"):
        return Promotion(name, target, "UNCHANGED", (f"v{target} is in production already",), target)
    return Promotion(name, target, "ROLLBACK", (told,), target)


def _begin_canary(verdict: Verdict) -> Promotion:
    """The version is to earn its evidence where the domain is served."""
    name, version = verdict.domain, verdict.version
    begin_canary(Events(load_settings().ledger), name, version)
    told = f"it answers a share of the requests to `regraft serve {name}`; `regraft canary {name}` shows how it stands"
    return Promotion(name, version, "PROVISIONAL", (*verdict.decision.reasons, told), _champion(name))


def _champion(name: str) -> int | None:
    return Ledger(load_settings().ledger).champion(name)
