"""The tasks that remove a domain, and say before what goes and what stays."""

from dataclasses import dataclass

from prefect import task

from data.config import domain_path
from data.naming import check_domain_name
from data.stages.remove import Place, folders_of, remove_data
from data.stores.forgotten import forgotten_path
from registry.ledger.history import NOTHING, REMOVE
from registry.ledger.ledger import Change, Ledger
from registry.store.models import describe_versions
from registry.store.removal import in_store, retire
from settings.machine import load_settings
from tasks.domain import domain_names
from tasks.policy import IO


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
    place, ledger = _place(name), Ledger(load_settings().ledger)
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


@task(name="close ledger", task_run_name="close the ledger of {name}", **IO)
def close_ledger(name: str, reason: str) -> None:
    """Writes that nothing of the domain is in production any more; where nothing ever was, or once more, nothing.

    Raises:
        LedgerConflictError: another process changed the champion meanwhile.
    """
    ledger, settings = Ledger(load_settings().ledger), load_settings()
    if ledger.present(name):
        ledger.append(Change(name, REMOVE, ledger.champion(name), NOTHING, settings.who, reason, "", ""))


@task(name="remove model", task_run_name="remove {name} from MLflow", **IO)
def remove_model(name: str) -> None:
    """Takes model and experiment out of MLflow."""
    retire(name)


@task(name="remove files", task_run_name="remove the files of {name}", **IO)
def remove_files(name: str) -> list[str]:
    """Deletes data, caches and, last of all, the domain's YAML; names the DVC remotes that are out of reach."""
    place = _place(name)
    unreached = remove_data(place, [other for other in domain_names(place.root) if other != name])
    (place.root / "domains" / f"{name}.yaml").unlink(missing_ok=True)
    return unreached


def _place(name: str) -> Place:
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
