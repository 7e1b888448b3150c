"""A disk that fills while a command works: one line, and the same command goes on once there is room."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.disks import fill

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
REGRAFT = Path(sys.executable).with_name("regraft")
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def photos(project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]) -> Path:
    """A project with a domain whose epochs leave checkpoints of the whole network."""
    regraft("new", "photos", "--images", str(image_folder(20)), "--size", "64", "--intended-use", "Tests.")
    path = project / "domains" / "photos.yaml"
    domain = yaml.safe_load(path.read_text())
    domain["training"]["recipe"] = {"kind": "full", "epochs": 3, "batch_size": 8}
    domain["gate"] |= {"floor": 0.0, "max_ece": 1.0}
    domain["stress"] = {"corruptions": [], "budgets": [], "explained_samples": 0}
    path.write_text(yaml.safe_dump(domain))
    return project


def retrain(server: str | None, once: Callable[[], Any] = bool, then: Callable[[], Any] = bool) -> Done:
    """A retrain, in the middle of which, once something is there, something happens; without a server by its own."""
    own = {} if server is None else {"PREFECT_API_URL": server}
    command, environment = [str(REGRAFT), "retrain", "photos"], {**os.environ, **own}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not once():
            time.sleep(0.02)
        then()
        _, stderr = process.communicate()
    return Done(command, process.returncode, stderr=stderr)


def one_line(done: Done, *told: str) -> None:
    """A command failed by one line that says what it wanted to do and what to do about it."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert not [words for words in told if words not in line], line


@pytest.mark.parametrize("own_server", [False, True])
def test_retrain__checkpoints_do_not_fit(photos, small_disk, prefect_api, own_server):
    """The disk of the project's own files fills while the fit runs: that of its checkpoints and of all databases."""
    disk, home, server = small_disk("disk", 700), photos / ".regraft", None if own_server else prefect_api
    shutil.copytree(home, disk / "home")
    shutil.rmtree(home)
    home.symlink_to(disk / "home")
    done = retrain(server, lambda: list(disk.glob("home/fits/**/last.ckpt")), lambda: fill(disk))
    one_line(done, "space")
    (disk / "ballast").unlink()
    assert retrain(server).returncode == 0


def test_retrain__temporary_folder_is_full(photos, small_disk, prefect_api, monkeypatch):
    """The system's folder for temporary files has some room, but not for what MLflow copies there."""
    disk = small_disk("tmp", 1)
    monkeypatch.setenv("TMPDIR", str(disk))
    ballast = fill(disk, left=2**14)
    one_line(retrain(prefect_api), str(disk), "make room there")
    ballast.unlink()
    monkeypatch.delenv("TMPDIR")
    assert retrain(prefect_api).returncode == 0
