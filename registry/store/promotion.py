"""Putting a version into production: its package verified, a row in the ledger, aliases that follow it."""

from registry.errors import RegistryError
from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import Faults, alias_faults, follow_ledger
from registry.store.models import ModelVersion, model_version
from registry.store.verdicts import Verdict
from settings.machine import load_settings


def write_promotion(
    verdict: Verdict, reason: str, evidence: str, *, deliberate: bool = False, approval: str = ""
) -> None:
    """Writes the row that makes a version champion, if it is not there yet; `evidence` is the sha256 of what proves it.

    Raises:
        ModelNotFoundError: the version was deleted since it was judged.
        PackageError: its package is not what was registered.
        LedgerConflictError: the champion is another than the one it was compared with.
        QuarantineError: the version was rolled back and this is not deliberate.
        RegistryError: MLflow or the ledger is down.
    """
    alias_faults(verdict.domain)  # an emptied ledger would take any version for the first
    ledger = Ledger(load_settings().ledger)
    if ledger.champion(verdict.domain) == verdict.version:
        return
    verified(verdict.domain, verdict.version)
    change = Change(
        verdict.domain,
        action="promote",
        expected=verdict.champion,
        to=verdict.version,
        actor=load_settings().who,
        reason=reason,
        evidence=evidence,
        dataset_version=verdict.dataset_version,
        approval=approval,
        deliberate=deliberate,
    )
    ledger.append(change)


def show_promotion(name: str) -> Faults:
    """Sets the aliases after a row was written; where MLflow is down the message says that the row stands."""
    try:
        return follow_ledger(name)
    except RegistryError as error:
        champion = Ledger(load_settings().ledger).champion(name)
        current = f"the ledger has v{champion} in production; `regraft doctor --fix` sets MLflow's aliases"
        raise RegistryError(f"{error}; {current}") from error


def verified(name: str, version: int) -> ModelVersion:
    """A registered version whose package is as it was packed."""
    found = model_version(name, version)
    found.load()
    return found
