"""What the state of a project is, where it lies, and what of it lies elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from data.stores.versions.erasing import stores
from registry.ledger.sql.database import hidden
from settings.machine import Settings
from tasks.keeping.prefect_database import prefect_url

HEADS = ".regraft/heads"
# What is read before the data that it refers to, and written after these.
FILES = (
    "dvc.lock", "params.yaml", "dvc.yaml", ".dvc/config", ".dvcignore", ".gitignore", "domains", "data/raw",
    "data/feedback", ".regraft/keys.json", ".regraft/evaluations", ".regraft/mlartifacts",
)  # fmt: skip
# Of these a clone has none: where one is there, the project has a state.
STATE = ("data/feedback", HEADS, ".regraft/mlartifacts", ".regraft/predictions", ".regraft/dvc-remote", ".dvc/cache")
ALWAYS = (
    "the files of the domains' sources, which Regraft never touches",
    "secrets: .env, .dvc/config.local, key files; keep them where you keep secrets",
)


@dataclass(frozen=True)
class Places:
    """Databases by name with their URL, and files by their place below the root, in the order in which both are read.

    `elsewhere` says what is no part of a backup, and what to do about it.
    """

    databases: dict[str, str]
    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


def databases_of(settings: Settings) -> dict[str, str]:
    """The databases of a project by name, each once; not those behind a server that runs elsewhere.

    Whoever refers comes before what is referred to: the ledger names versions that MLflow has by then.
    """
    mlflow = "" if settings.tracking_uri.startswith("http") else settings.tracking_uri
    named = {"ledger": settings.ledger, "mlflow": mlflow, "prefect": prefect_url(settings) or ""}
    found: dict[str, str] = {}
    for name, url in named.items():
        if url and url not in found.values():
            found[name] = url
    return found


def places_of(settings: Settings) -> Places:
    """Where the state of a project lies.

    Raises:
        VersioningError: DVC does not say where its cache and remotes are.
    """
    folders, addresses = stores(settings.root)
    kept = [("the prediction log", settings.predictions), *(("a DVC store", str(folder)) for folder in folders)]
    below = [(what, place, _below(settings.root, place)) for what, place in kept]
    elsewhere = [
        *ALWAYS,
        *_behind_servers(settings),
        *(f"MLflow's files at {place}: copy them there" for place in (hidden(settings.artifacts_url),) if place),
        *(f"{what} at {hidden(place)}: copy it there" for what, place, inside in below if inside is None),
        *(f"the DVC remote {hidden(one)}: `dvc push` sends there what it lacks" for one in addresses),
    ]
    files = (*FILES, *(inside for *_, inside in below if inside is not None))
    return Places(databases_of(settings), files, tuple(elsewhere))


def _behind_servers(settings: Settings) -> list[str]:
    told = {
        f"MLflow at {hidden(settings.tracking_uri)}": settings.tracking_uri.startswith("http"),
        "Prefect's server at PREFECT_API_URL": prefect_url(settings) is None,
    }
    return [f"{what}: back up its database and files where it runs" for what, holds in told.items() if holds]


def _below(root: Path, place: str) -> str | None:
    """A folder by its place below the root; None: it lies elsewhere, or at an address."""
    path = Path(place).absolute()
    ways = [way for way in (root.absolute(), root.resolve()) if path.is_relative_to(way)]  # DVC follows links to it
    return None if "://" in place or not ways else path.relative_to(ways[0]).as_posix()
