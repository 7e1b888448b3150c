"""A version for somebody who has no Regraft."""

from dataclasses import dataclass
from pathlib import Path

from registry.errors import ModelNotFoundError
from registry.ledger.ledger import Ledger
from registry.package.handing_over import PROGRAM, hand_over
from registry.store.models import model_version
from settings.machine import load_settings
from tasks.domain import load_domain


@dataclass(frozen=True)
class HandedOver:
    """Which version lies where, and the program beside it."""

    domain: str
    version: int
    folder: str
    program: str


def hand_over_version(domain: str, folder: Path, version: int | None = None) -> HandedOver:
    """Writes the package of a version (none named: the champion) and a program into an empty or new folder.

    Raises:
        ConfigError: there is no such domain.
        ModelNotFoundError: nothing is in production, or there is no such version.
        PackageError: the package was altered, or the folder holds something.
        StorageError: the disk refused a write.
    """
    load_domain(domain)
    number = version or Ledger(load_settings().ledger).champion(domain)
    if number is None:
        raise ModelNotFoundError(f"{domain!r} has nothing in production; name one by --version, or retrain {domain}")
    target = hand_over(model_version(domain, number).load(), folder.absolute())
    return HandedOver(domain, number, str(target), str(target / PROGRAM))
