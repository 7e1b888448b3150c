"""Doctor: is everything there that the flows will need, is the ledger intact, and does MLflow show what it says?"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from data.errors import LockedError
from data.stores.versions.stages import changed_stages
from lightning_modules.hub.backbones import load_pretrained
from registry.ledger.heads import verify_all
from registry.ledger.ledger import Ledger
from registry.store.aliases import alias_faults, follow_ledger
from registry.store.models import champion
from settings.errors import RegraftError
from settings.machine import Settings, load_settings
from tasks.domain import domain_names, load_domain

LEAST_DISK_GB = 2


@dataclass(frozen=True)
class Finding:
    """One check and what it found."""

    check: str
    ok: bool
    found: str


def examine(*, fix: bool) -> list[Finding]:
    """Runs every check; with `fix` the aliases are set to what the ledger says."""
    settings = load_settings()
    findings = [
        _check("torch and torchvision", _torch),
        _check("disk", lambda: _disk(settings)),
        _check("DVC", lambda: _dvc(settings)),
        _check("ledger", lambda: _ledger(settings)),
    ]
    for name in domain_names(settings.root):
        findings.append(_check(f"{name}: domain file", partial(_description, name)))
        findings.append(_check(f"{name}: weights", partial(_weights, settings, name)))
        findings.append(_check(f"{name}: champion", partial(_champion, name)))
        findings.append(_check(f"{name}: aliases", partial(_aliases, name, fix=fix)))
    return findings


def _check(check: str, run: Callable[[], str]) -> Finding:
    try:
        return Finding(check, found=run(), ok=True)
    except RegraftError as error:
        return Finding(check, found=str(error), ok=False)


def _torch() -> str:
    import torch

    import lightning_modules.network.libraries.timm  # noqa: F401  -- says in one line if torchvision does not fit torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"torch {torch.__version__} with torchvision {version('torchvision')} on {device}"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.root).free / 1e9
    if free < LEAST_DISK_GB:
        raise RegraftError(f"{free:.1f} GB free below {settings.root}, at least {LEAST_DISK_GB} are needed; free some")
    return f"{free:.0f} GB free"


def _dvc(settings: Settings) -> str:
    try:
        changed = changed_stages(settings.root)
    except LockedError:
        return "a stage of a domain runs just now; ask again when it has ended"
    return f"changed since the last run: {', '.join(changed)}" if changed else "data and stages are up to date"


def _ledger(settings: Settings) -> str:
    found = verify_all(Ledger(settings.ledger))
    broken = [f"{one.domain}: {one.fault}" for one in found if one.fault]
    if broken:
        raise RegraftError(f"{'; '.join(broken)}; somebody changed the ledger by hand: restore it from a backup")
    rows = sum(one.entries for one in found)
    return f"{rows} {'row' if rows == 1 else 'rows'}, the chain is intact"


def _description(name: str) -> str:
    return load_domain(name).description


def _weights(settings: Settings, name: str) -> str:
    training = load_domain(name).training
    found = load_pretrained(settings.root, training.backbone)
    return f"{Path(found.path).name}, sha256 {found.sha256[:12]}"


def _champion(name: str) -> str:
    found = champion(name)
    if found is None:
        return "nothing in production yet"
    found.load()
    return f"v{found.version}, its package is as it was registered"


def _aliases(name: str, *, fix: bool) -> str:
    faults = follow_ledger(name) if fix else alias_faults(name)
    if faults and not fix:
        raise RegraftError(f"MLflow differs from the ledger: {faults}; run `regraft doctor --fix`")
    return f"repaired: {faults}" if faults else "as the ledger says"
