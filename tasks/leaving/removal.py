"""What a removal would take and leave, said without Prefect, which `regraft remove` loads once it is answered."""

from dataclasses import dataclass

from data.config import domain_path
from data.naming import check_domain_name
from data.stages.remove import Place, folders_of
from data.stores.forgotten import forgotten_path
from registry.ledger.ledger import Ledger
from registry.store.models import describe_versions
from registry.store.removal import in_store
from settings.machine import load_settings


@dataclass(frozen=True)
class Removal:
    """What goes with a domain, and what stays; `done` says that it has gone."""

    domain: str
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    done: bool = False


def plan_removal(name: str) -> Removal:
    """What a removal would take and leave; changes nothing, and works on a domain whose YAML cannot be read.

    Raises:
        ConfigError: there is no such domain, nor anything left of one.
        RegistryError: MLflow or the ledger is down.
    """
    check_domain_name(name)
    place, ledger = place_of(name), Ledger(load_settings().ledger)
    file, champion = place.root / "domains" / f"{name}.yaml", ledger.champion(name)
    folders, tracked, versions = folders_of(place), in_store(name), describe_versions(name)
    told = {
        f"from production: v{champion}; the ledger gets a last row that says so": champion,
        f"the schedules retrain/{name} and monitor/{name} in Prefect": file.exists(),
        f"from MLflow: {len(versions)} versions of the model, for good, and the experiment": tracked,
        "folders: " + ", ".join(str(folder.relative_to(place.root)) for folder in folders): folders,
        "its stages in dvc.lock and params.yaml; dataset versions in DVC's cache and local remotes, and cached "
        "features, except of samples that another domain has, too": folders,
        f"domains/{name}.yaml": file.exists(),
    }
    goes = tuple(text for text, holds in told.items() if holds)
    if not goes:
        domain_path(place.root, name)  # nothing of it is here: say which domains there are
    return Removal(name, goes, _stays(name, len(ledger.entries(name)), tracked=tracked))


def place_of(name: str) -> Place:
    """Where the files of a domain lie."""
    settings = load_settings()
    return Place(settings.root, settings.home, name)


def _stays(name: str, rows: int, *, tracked: bool) -> tuple[str, ...]:
    told = {
        "the source's own files, which Regraft never touches": True,
        f"the ledger's rows ({rows}): `regraft ledger {name}` shows them, and a new {name} begins after them": rows,
        "the experiment's runs and models in MLflow's trash, under another name, until `mlflow gc`": tracked,
        f"domains/{name}.forgotten, so that what was erased on request does not come back": forgotten_path(
            load_settings().root, name
        ).exists(),
        "the list of past runs in Prefect, and of past stages in .dvc/cache/runs (settings and hashes)": True,
    }
    return tuple(text for text, holds in told.items() if holds)
