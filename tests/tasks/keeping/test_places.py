"""What is part of a backup, and what is told to be none."""

import pytest

from settings.machine import load_settings
from tasks.keeping.places import places_of


def test_places_of__stores_of_the_project(project, own_prefect, monkeypatch):
    """Cache, local remote and log are found by their place, also where the root is given as a relative path."""
    monkeypatch.setenv("REGRAFT_ROOT", ".")
    found = places_of(load_settings())
    assert {".dvc/cache", ".regraft/dvc-remote", ".regraft/predictions"} <= {*found.files}
    assert [*found.databases] == ["ledger", "mlflow", "prefect"]


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("REGRAFT_MLFLOW_URI", "http://me:s3cret@there:5000", "MLflow at http://me:***@there:5000: back up"),
        ("REGRAFT_PREDICTIONS_URL", "s3://bucket/log", "the prediction log at s3://bucket/log: copy it there"),
    ],
)
def test_places_of__at_an_address(project, own_prefect, monkeypatch, variable, value, told):
    """State at an address is no part of it; a line says what to do, without passwords."""
    monkeypatch.setenv(variable, value)
    (line,) = [line for line in places_of(load_settings()).elsewhere if line.startswith(told[:12])]
    assert line.startswith(told)


def test_places_of__one_database_for_two(project, own_prefect, monkeypatch):
    """A database that ledger and MLflow share is copied once."""
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", load_settings().ledger)
    assert [*places_of(load_settings()).databases] == ["ledger", "prefect"]
