"""What the versions in production have seen."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from registry.errors import GateError
from registry.ledger.history import way_back
from registry.ledger.ledger import Ledger
from registry.package.golden import golden_hashes
from registry.store.models import describe_versions, model_version
from settings.machine import load_settings


@dataclass(frozen=True)
class Traces:
    """Registered versions that learned from samples, and those of them whose packages hold the samples themselves."""

    learned: tuple[int, ...]
    holding: tuple[int, ...]


def traces_of(domain: str, hashes: AbstractSet[str]) -> Traces:
    """Registered versions whose training or validation samples, or golden samples, are among those of the hashes.

    Raises:
        PackageError: a package was altered.
        RegistryError: MLflow is down.
    """
    known = {version: model_version(domain, version).read() for version in describe_versions(domain)}
    learned = [version for version, package in known.items() if not hashes.isdisjoint(package.reference["hash"])]
    holding = [version for version, package in known.items() if not hashes.isdisjoint(golden_hashes(package))]
    return Traces(tuple(learned), tuple(holding))


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
    return {str(digest) for version in versions for digest in model_version(domain, version).read().reference["hash"]}
