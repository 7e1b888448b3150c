"""A restored project is what was backed up, wherever it lies; nothing is restored that cannot be trusted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data.stores.forgotten import forgotten, remember_forgotten
from registry.ledger.heads import kept_head, verify_all
from registry.ledger.ledger import Ledger
from registry.store.aliases import alias_faults
from registry.store.models import champion
from registry.store.tracking import experiment_id, start_run
from serving.access.keys import Role, add_key, keys_path
from settings.machine import load_settings
from tasks.keeping.backup import back_up
from tasks.keeping.manifest import BackupError
from tasks.keeping.restore import refuse_foreign, restore_backup

KILLED = """
import os, sys
from pathlib import Path
from tasks.keeping import places, restore
places.prefect_url = lambda settings: None
copy = restore.copy_file
def dying(source, target):
    if source.name == "rows.parquet":
        os.kill(os.getpid(), 9)
    return copy(source, target)
restore.copy_file = dying
restore.restore_backup(Path(sys.argv[1]))
"""


@pytest.fixture
def backup(photos, elsewhere) -> Path:
    """A backup of the project, which is gone."""
    remember_forgotten(photos, "photos", {"ab" * 32})
    add_key(keys_path(load_settings().home), "till", [Role.PREDICT])
    back_up(elsewhere / "backup")
    for path in photos.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return elsewhere / "backup"


def test_restore_backup__where_the_old_place_is_gone(backup, elsewhere, enter, photos):
    """The champion's package comes from MLflow in the new place, and runs and versions made later land there."""
    enter(elsewhere / "new")
    restore_backup(backup)
    assert not list(photos.iterdir())
    found = champion("photos")
    found.load()
    assert (found.version, found.folder.is_relative_to(elsewhere / "new")) == (2, True)
    ledger = Ledger(load_settings().ledger)
    assert [one.fault for one in verify_all(ledger)] == [None]
    assert kept_head("photos").rpartition(" ")[2] == ledger.entries("photos")[-1].hash
    assert not alias_faults("photos")
    assert keys_path(load_settings().home).stat().st_mode & 0o777 == 0o600
    start_run("photos", "train", {})
    from registry.store.client import mlflow_client

    place = mlflow_client().get_experiment(experiment_id("photos")).artifact_location
    assert place == (elsewhere / "new" / ".regraft" / "mlartifacts" / "photos").as_uri()


def test_restore_backup__altered(backup, elsewhere, enter):
    """One file that is not what was written, or is missing, and nothing is written at all."""
    enter(elsewhere / "new")
    victim = next((backup / ".regraft" / "mlartifacts").rglob("*.onnx"))
    victim.write_bytes(b"x" * victim.stat().st_size)
    with pytest.raises(BackupError, match="is not what was written"):
        restore_backup(backup)
    victim.unlink()
    with pytest.raises(BackupError, match="is missing from the backup"):
        restore_backup(backup)
    assert [path for path in (elsewhere / "new").rglob("*") if path.is_file()] == []


def test_restore_backup__project_has_a_state(photos, elsewhere):
    """What is there is never written over."""
    back_up(elsewhere / "backup")
    with pytest.raises(BackupError, match="has a state already"):
        restore_backup(elsewhere / "backup")


def test_restore_backup__killed(backup, elsewhere, enter):
    """Killed at a file, the same call ends it; the ledger was not there before."""
    enter(elsewhere / "new")
    assert subprocess.run([sys.executable, "-c", KILLED, str(backup)], check=False).returncode == -9
    assert not (elsewhere / "new" / ".regraft" / "ledger.db").exists()
    restore_backup(backup)
    assert Ledger(load_settings().ledger).champion("photos") == 2
    with pytest.raises(BackupError, match="has a state already"):
        restore_backup(backup)


def test_restore_backup__what_was_forgotten_since(backup, elsewhere, enter):
    """A clone that knows of erasures which came after the backup keeps them."""
    enter(elsewhere / "new")
    (elsewhere / "new" / "domains").mkdir()
    path = elsewhere / "new" / "domains" / "photos.forgotten"
    path.write_text("cd" * 32 + "\n")
    restore_backup(backup)
    assert forgotten(elsewhere / "new", "photos") == {"ab" * 32, "cd" * 32}


def test_restore_backup__other_databases(backup, elsewhere, enter, monkeypatch):
    """Where MLflow ran in the project and is a server now, its versions would be lost."""
    enter(elsewhere / "new")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
    with pytest.raises(BackupError, match="was made with other databases"):
        restore_backup(backup)


def test_refuse_foreign__somebodys_files(tmp_path):
    """A folder of other files is no place for a project."""
    (tmp_path / ".regraft").mkdir()  # of a restore that was refused
    refuse_foreign(tmp_path)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(BackupError, match="is not empty and no project"):
        refuse_foreign(tmp_path)
