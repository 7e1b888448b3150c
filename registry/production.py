"""What the versions in production have seen."""

from data.settings import load_settings
from registry.errors import GateError
from registry.ledger import Ledger
from registry.models import model_version
from registry.package import load_package


def learned_from(domain: str) -> set[str]:
    """Hashes of the samples that the champion, and what a rollback returns to, were trained and validated on.

    Raises:
        GateError: nothing is in production.
        RegistryError: the ledger or MLflow is down, or a package was altered.
    """
    ledger = Ledger(load_settings().ledger)
    versions = [version for version in (ledger.champion(domain), ledger.previous(domain)) if version is not None]
    if not versions:
        raise GateError(f"{domain!r} has no version in production, so no comparison has spent its test set; retrain it")
    return {
        str(digest)
        for version in versions
        for digest in load_package(model_version(domain, version).folder).reference["hash"]
    }
