"""A backup is whole or not there, speaks of one moment, and copies only what changed."""

import json
import os
import subprocess
import sys
from unittest import mock

import pytest

from data.errors import StorageError
from registry.errors import LedgerError, RegistryError
from registry.ledger.ledger import Ledger
from registry.ledger.sql.copies import copy_databases
from settings.machine import load_settings
from tasks.keeping.backup import back_up
from tasks.keeping.manifest import NAME, PREVIOUS, BackupError, read_manifest, verify
from tests.tasks.keeping.conftest import promote

LOG = ".regraft/predictions/photos/day=2026-01-01/rows.parquet"
KILLED = """
import os, sys
from pathlib import Path
from data.stores import copying
from tasks.keeping import backup, places
places.prefect_url = lambda settings: None
copy = copying.copy_file
def dying(source, target):
    if source.name == sys.argv[2]:
        os.kill(os.getpid(), 9)
    return copy(source, target)
copying.copy_file = dying
backup.back_up(Path(sys.argv[1]))
"""


def test_back_up__links_what_is_unchanged(photos, elsewhere):
    """A second backup holds what is new; what is as it was is the same file, what was damaged since is copied anew."""
    folder = elsewhere / "backup"
    (photos / "data" / "feedback").mkdir()
    (photos / "data" / "feedback" / "a.csv").write_text("old")
    back_up(folder)
    before, (artifact, damaged, *_) = read_manifest(folder), sorted((folder / ".regraft/mlartifacts").rglob("*.onnx"))
    inode = artifact.stat().st_ino
    looks = damaged.stat()
    damaged.write_bytes(b"x" * looks.st_size)
    os.utime(damaged, ns=(looks.st_atime_ns, looks.st_mtime_ns))
    (photos / "data" / "feedback" / "a.csv").write_text("new")

    found = back_up(folder)
    verify(folder, read_manifest(folder))
    assert (folder / "data" / "feedback" / "a.csv").read_text() == "new"
    assert artifact.stat().st_ino == inode
    assert (found.files, read_manifest(folder).heads) == (len(before.files), before.heads)
    assert {
        "databases/ledger.db",
        "databases/mlflow.db",
        "domains/photos.yaml",
        ".dvc/config",
        LOG,
    } <= before.files.keys()
    assert [path.name for path in elsewhere.iterdir()] == ["backup"]


def test_back_up__a_promotion_meanwhile(photos, registered, elsewhere):
    """Where the ledger grew while MLflow was read, both are read again: no head is kept that the ledger lacks."""
    grown = []

    def copying(*arguments):
        copies = copy_databases(*arguments)
        if not grown:
            grown.append(promote(2, registered()))
        return copies

    with mock.patch("tasks.keeping.backup.copy_databases", side_effect=copying):
        back_up(elsewhere / "backup")
    copy = Ledger(f"sqlite:///{elsewhere / 'backup' / 'databases' / 'ledger.db'}")
    assert copy.champion("photos") == 3
    assert read_manifest(elsewhere / "backup").heads["photos"].startswith("3 ")


def test_back_up__refused_folders(photos, elsewhere):
    """Not over somebody's files, another project's backup, or into what is backed up."""
    (elsewhere / "mine.txt").write_text("mine")
    with pytest.raises(BackupError, match="is not empty and no backup"):
        back_up(elsewhere)
    with pytest.raises(BackupError, match="lies in domains, which is backed up itself"):
        back_up(photos / "domains" / "backup")
    back_up(elsewhere / "backup")
    path = elsewhere / "backup" / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"project": "another"}))
    with pytest.raises(BackupError, match="a backup of another project"):
        back_up(elsewhere / "backup")


def test_back_up__without_secrets(photos, elsewhere, monkeypatch):
    """Settings are told without keys and passwords; `.env` stays where it is."""
    (photos / ".env").write_text("REGRAFT_INPUTS_KEY=s3cret")
    monkeypatch.setenv("REGRAFT_ALERTS__SMTP", "smtp://me:s3cret@x")
    for name in ("MAIL_FROM", "MAIL_TO"):
        monkeypatch.setenv(f"REGRAFT_ALERTS__{name}", "a@b.c")
    monkeypatch.setenv("REGRAFT_CACHE_GB", "3")
    back_up(elsewhere / "backup")
    assert read_manifest(elsewhere / "backup").settings["REGRAFT_CACHE_GB"] == "3.0"
    assert "s3cret" not in (elsewhere / "backup" / NAME).read_text()
    assert not (elsewhere / "backup" / ".env").exists()


def test_back_up__killed(photos, elsewhere):
    """Killed at a file it leaves nothing that looks like a backup, and the one before is as it was."""
    command = [sys.executable, "-c", KILLED, str(elsewhere / "backup"), "rows.parquet"]
    assert subprocess.run(command, check=False).returncode == -9
    assert not (elsewhere / "backup").exists()
    back_up(elsewhere / "backup")
    assert [path.name for path in elsewhere.iterdir()] == ["backup"]

    before = (elsewhere / "backup" / NAME).read_bytes()
    (photos / LOG).write_bytes(b"more")
    assert subprocess.run(command, check=False).returncode == -9
    assert (elsewhere / "backup" / NAME).read_bytes() == before
    verify(elsewhere / "backup", read_manifest(elsewhere / "backup"))


def test_back_up__killed_between_two_names(photos, elsewhere):
    """Killed once the backup before had made room, that one is found again."""
    folder = elsewhere / "backup"
    back_up(folder)
    folder.rename(elsewhere / f"backup{PREVIOUS}")
    full = mock.patch("tasks.keeping.backup.copy_databases", side_effect=OSError(28, "No space left on device", "x"))
    with full, pytest.raises(StorageError, match="No space left on device; nothing has changed there"):
        back_up(folder)
    verify(folder, read_manifest(folder))


def test_back_up__broken_ledger(photos, elsewhere):
    """A ledger that somebody changed takes no sound backup's place."""
    from registry.ledger.sql.copies import run_sql

    run_sql(load_settings().ledger, {"update ledger set reason = :r where sequence = 1": {"r": "other"}})
    with pytest.raises(LedgerError, match="nothing was backed up"):
        back_up(elsewhere / "backup")
    assert not (elsewhere / "backup").exists()


def test_back_up__full_disk(photos, small_disk):
    """A full disk is one line with the place, and the folder is as it was."""
    disk = small_disk("disk", 1)
    with pytest.raises((StorageError, RegistryError), match=r"No space left on device|disk is full; make room on"):
        back_up(disk / "backup")
    assert list(disk.iterdir()) == []
