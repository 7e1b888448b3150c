"""The task that draws a fresh test set."""

from pathlib import Path

from prefect import task

from data.config import DataConfig
from data.stages.refresh import Refreshed, refresh_test_split
from data.stores.dataset import Dataset
from registry.ledger.uses import Uses
from registry.store.production import learned_from
from settings.machine import load_settings
from tasks.policy import IO
from tasks.prepare import Prepared


@task(name="refresh split", task_run_name="draw a fresh test set of {name}", **IO)
def refresh_split(root: Path, name: str, config: DataConfig, prepared: Prepared) -> Refreshed:
    """Retires the test set into training; samples that production learned from cannot take its place.

    A test set that nothing was compared on is fresh, as after a refresh that was interrupted: it stays.
    """
    used, dataset = learned_from(name), Dataset(prepared.folder, config.task, config.classes)
    uses = Uses(load_settings().ledger).of(name, dataset.generation)
    if all(use.look is None for use in uses):
        return Refreshed(0, len(dataset.rows("test")), dataset.generation)
    return refresh_test_split(root, name, config, used)
