"""What a project holds besides its files under version control, and its return to a clone."""

from pathlib import Path

from data.config import require_project
from data.stores.deleting import delete
from settings.machine import Settings, load_settings
from tasks.keeping.places import databases_of
from tasks.keeping.rest import at_rest

PLACES = (
    "data/raw", "data/validated", "data/processed", "data/restored", "data/feedback", "dvc.lock", ".dvc/cache",
    ".dvc/tmp", ".regraft",
)  # fmt: skip


def to_clean() -> list[Path]:
    """What of the project would go; what lies outside of it, or at an address, stays."""
    root = load_settings().root
    require_project(root)
    return [root / place for place in PLACES if (root / place).exists()]


def clean_project() -> list[Path]:
    """Deletes all of that, the locks last; called again it goes on. Returns what has gone.

    Raises:
        LockedError: something runs in the project.
        StorageError: the disk refused.
    """
    settings, gone = load_settings(), to_clean()
    with at_rest(settings, "clean"):
        for place in gone:
            delete(place)
    return gone


def kept_elsewhere(settings: Settings) -> list[str]:
    """What of the project's state stays, since it lies outside of its folder, or at an address."""
    kept = {f"the database {name}": url for name, url in databases_of(settings).items()}
    kept["the prediction log"] = settings.predictions
    if settings.artifacts_url:
        kept["MLflow's files"] = settings.artifacts_url
    return [what for what, place in kept.items() if str(settings.root) not in place]
