"""What the versions in production have seen."""

from collections.abc import Set as AbstractSet

from registry.errors import GateError
from registry.ledger.history import way_back
from registry.ledger.ledger import Ledger
from registry.package.package import load_package
from registry.store.models import describe_versions, model_version
from settings.machine import load_settings


def versions_that_learned(domain: str, hashes: AbstractSet[str]) -> list[int]:
    """Registered versions whose training or validation samples are among those of the hashes.

    Raises:
        PackageError: a package was altered.
        RegistryError: MLflow is down.
    """
    known = {version: load_package(model_version(domain, version).folder) for version in describe_versions(domain)}
    return [version for version, package in known.items() if not hashes.isdisjoint(package.reference["hash"])]


def learned_from(domain: str) -> set[str]:
    """Hashes of the samples that the champion, and what a rollback returns to, were trained and validated on.

    Raises:
        GateError: nothing is in production.
        RegistryError: the ledger or MLflow is down, or a package was altered.
    """
    entries = Ledger(load_settings().ledger).present(domain)
    if not entries:
        raise GateError(f"{domain!r} has no version in production, so no comparison has spent its test set; retrain it")
    back = way_back(entries, describe_versions(domain))
    versions = [version for version in (entries[-1].to_version, back) if version is not None]
    return {
        str(digest)
        for version in versions
        for digest in load_package(model_version(domain, version).folder).reference["hash"]
    }
