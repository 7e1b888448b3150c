"""The task that draws a fresh test set."""

from pathlib import Path

from prefect import task

from data.config import DataConfig
from data.refresh import Refreshed, refresh_test_split
from registry.production import learned_from
from tasks.policy import IO


@task(name="refresh split", task_run_name="draw a fresh test set of {name}", **IO)
def refresh_split(root: Path, name: str, config: DataConfig) -> Refreshed:
    """Retires the test set into training; samples that production learned from cannot take its place."""
    return refresh_test_split(root, name, config, learned_from(name))
