"""What MLflow raises is one line that names what was being done."""

import errno
import os
import resource
import shutil
import tempfile

import pytest

from registry.errors import RegistryError
from registry.ledger.sql.database import MAKE_ROOM
from registry.store.client import registry_errors
from registry.store.tracking import experiment_id, log_values, start_run

pytestmark = pytest.mark.usefixtures("tracked")
DOWN = "http://user:p4ss@127.0.0.1:9"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (DOWN, "127.0.0.1:9 up?"),
        ("strange://user:p4ss@host/db", "unsupported URI"),
        ("mysql+mysqldb://user:p4ss@127.0.0.1:9/db", "No module named"),
        ("sqlite:////proc/nowhere/mlflow.db", "No such file"),
    ],
)
def test_registry_errors__mlflow_down(monkeypatch, address, reason):
    """No server, no such kind of store, no driver and no folder are each one line without the password."""
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError) as found:
        experiment_id("photos")
    assert reason in str(found.value)
    assert "cannot open the experiment 'photos'" in str(found.value)
    assert "p4ss" not in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (errno.ENOSPC, None, f"{tempfile.gettempdir()}: No space left on device; make room there"),
        (errno.EACCES, "/store/mlartifacts", "/store/mlartifacts: Permission denied; mend its rights there"),
    ],
)
def test_registry_errors__disk_of_this_machine(number, name, said):
    """A full or closed disk is no server that is down."""
    with pytest.raises(RegistryError) as found, registry_errors("log metrics"):
        raise OSError(number, os.strerror(number), name)
    assert str(found.value) == f"cannot log metrics: {said} and run the same command again, it goes on"


def test_registry_errors__disk_of_the_database(tracked, caplog):
    """MLflow's database that may not grow is up; what it lacks is room, which nobody tells by a traceback."""
    run_id = start_run("photos", "a", {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tracked / ".regraft" / "mlflow.db").stat().st_size, hard))
    try:
        with pytest.raises(RegistryError) as found:
            log_values(run_id, {}, {str(number): "a" * 5000 for number in range(90)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    place = f"sqlite:///{tracked}/.regraft/mlflow.db"
    assert str(found.value) == f"cannot log metrics: disk I/O error; {place}: {MAKE_ROOM}"
    assert caplog.text == ""


def test_registry_errors__folder_that_cannot_be_copied(tmp_path):
    """Of a list of faults, as shutil tells them, the first one."""

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), source, None, target)

    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "model.onnx").touch()
    with pytest.raises(RegistryError) as found, registry_errors("register a model of 'photos'"):
        shutil.copytree(tmp_path / "package", tmp_path / "copy", copy_function=full)
    told = f"cannot register a model of 'photos': {tmp_path}/copy/model.onnx: No space left on device; make room there"
    assert str(found.value).startswith(told)
