"""The tasks that remove a domain."""

from prefect import task

from data.stages.remove import remove_data
from registry.ledger.datasets import note_dataset
from registry.ledger.history import NOTHING, REMOVE
from registry.ledger.ledger import Change, Ledger
from registry.store.removal import retire
from serving.log.predictions import store_of
from settings.machine import load_settings
from tasks.domain import domain_names
from tasks.leaving.removal import place_of
from tasks.policy import IO


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
    """Deletes log, data, caches and, last of all, the domain's YAML; names the DVC remotes that are out of reach."""
    place = place_of(name)
    store_of(name).drop()  # which may lie elsewhere than the rest
    note_dataset(load_settings().ledger, name, None)
    unreached = remove_data(place, [other for other in domain_names(place.root) if other != name])
    (place.root / "domains" / f"{name}.yaml").unlink(missing_ok=True)
    return unreached
