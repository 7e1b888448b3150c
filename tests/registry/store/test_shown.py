"""What MLflow shows of a model, read from its database and through its client."""

import subprocess
import sys

import pytest

from registry.errors import RegistryError
from registry.store import shown as reading
from registry.store.client import mlflow_client
from registry.store.shown import Shown, shown


@pytest.fixture
def three(own_workshop):
    """A model with tags, an alias and three versions, of which one is deleted; and another model."""
    client = mlflow_client()
    for name in ("photos", "others"):
        client.create_registered_model(name, tags={"head": name})
        for number in (1, 2, 3):
            client.create_model_version(name, "s3://nowhere/model", tags={"decision": f"{name} {number}"})
    client.set_registered_model_alias("photos", "champion", "3")
    client.delete_model_version("photos", "1")
    return client


def test_shown__as_the_client_tells(three):
    """Both ways tell the same: own tags, aliases, versions that are there."""
    versions = {2: {"decision": "photos 2"}, 3: {"decision": "photos 3"}}
    assert shown("photos") == Shown({"head": "photos"}, {"champion": 3}, versions)
    assert reading._through_client("photos") == shown("photos")


def test_shown__deleted_model(three):
    """Of a model that was deleted, or never was, nothing is shown either way."""
    three.delete_registered_model("photos")
    for name in ("photos", "never"):
        assert shown(name) == reading._through_client(name) == Shown({}, {}, {})
    assert shown("others").tags == {"head": "others"}


def test_shown__tables_of_another_shape(three, monkeypatch):
    """Where MLflow has changed its tables its client is asked."""
    monkeypatch.setitem(reading.TABLES, "tags", "select no_such_column from registered_model_tags")
    assert shown("photos").aliases == {"champion": 3}


def test_shown__no_database_yet(own_workshop):
    """A project in which nothing was registered shows nothing, and MLflow makes its tables afterwards."""
    assert shown("photos") == Shown({}, {}, {})
    mlflow_client().create_registered_model("photos")


def test_shown__server_is_down(own_workshop, monkeypatch):
    """A server is asked through the client, and one that is down is one line."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
    with pytest.raises(RegistryError, match="cannot read the aliases of 'photos'"):
        shown("photos")


def test_status__loads_no_library_that_takes_seconds(three):
    """`regraft status` must answer at once: neither MLflow nor Prefect nor pandas is loaded for it."""
    told = "import sys, flows.shown.status; from registry.store.shown import shown; print(shown('photos').aliases);"
    heavy = "print([name for name in ('mlflow', 'prefect', 'pandas', 'torch', 'scipy', 'dvc') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told + heavy], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["{'champion': 3}", "[]"]
