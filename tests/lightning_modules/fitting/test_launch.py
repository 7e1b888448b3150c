"""The fit process as the flow starts it: killed with -9 it goes on where it was, and its faults are one line."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from filelock import FileLock
from safetensors.numpy import load_file

from lightning_modules.config import interrupted_run
from lightning_modules.errors import TrainingError
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.launch import _fault, train

EPOCHS = 40
REPOSITORY = Path(__file__).parents[3]
RECIPE = {"epochs": EPOCHS, "patience": EPOCHS, "batch_size": 8}


def kill_fit() -> None:
    """Kills the fit process of this process as the kernel kills one that took too much memory."""
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # also raised for a child that has ended and was not waited for
            if "lightning_modules.fitting.fit" in child.cmdline():
                child.send_signal(signal.SIGKILL)


@pytest.fixture
def killed(own_workshop, fit_config):
    """The configuration of a fit that was killed in the middle, and the epoch that it had told of by then."""
    config = fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "killed", **RECIPE)
    told = []

    def progress(epoch: int, epochs: int) -> None:
        told.append(epoch)
        if epoch >= 2:
            kill_fit()

    killed = (
        r"^the fit was killed, most likely for memory: choose a smaller recipe.batch_size \(exit code -9; .*fit.log\)$"
    )
    with pytest.raises(TrainingError, match=killed):
        train(config, progress)
    assert 2 <= told[-1] < EPOCHS
    return config, told[-1]


def test_train__killed_goes_on(killed, own_workshop, fit_config):
    """The next run takes up the MLflow run and the checkpoint, and ends as an undisturbed one does."""
    config, _ = killed
    assert interrupted_run(config.folder) == config.run_id
    assert not (config.folder / "result.json").exists()
    seen: list[int] = []
    result = train(config, curves=lambda history: seen.append(len(history)))
    assert [entry["epoch"] for entry in result.history] == list(range(1, EPOCHS + 1))
    assert seen[-1] == EPOCHS
    assert seen[0] < EPOCHS, "epochs before the checkpoint were run again"
    undisturbed = fit(fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "whole", **RECIPE)).parent
    ours, theirs = (load_file(folder / "weights.safetensors") for folder in (config.folder, undisturbed))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_train__fault_is_the_process_own_line(own_workshop, fit_config):
    """What the fit process says on its error line is the text of the error."""
    (own_workshop.dataset.folder / "manifest.parquet").unlink()
    config = fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "other")
    with pytest.raises(TrainingError, match=r"^/.*manifest.parquet: missing or damaged[^\n]*$"):
        train(config)


def test_fault__no_password(tmp_path):
    """Without a line of its own the process is quoted by its last line, less the password of an address in it."""
    log = tmp_path / "fit.log"
    log.write_text("Traceback\nMlflowException: request to http://user:p4ss@host:1/api failed\n\n")
    found = _fault(log, 1)
    assert found == f"MlflowException: request to http://host:1/api failed (exit code 1; all of it in {log})"


def test_fault__no_room_for_a_word(tmp_path, monkeypatch):
    """A fit that could not even write its error line lacks room, if there is none."""
    log = tmp_path / "fit.log"
    log.touch()
    assert _fault(log, 1) == f"no output (exit code 1; all of it in {log})"
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2**20 - 1))
    told = "free disk space and run the same command again, it goes on"
    assert _fault(log, 1) == f"no room is left for {tmp_path}; {told}"


def test_train__stopped_with_its_parent(small):
    """SIGTERM to a process that waits for a fit stops the fit politely, and the next run goes on from there."""
    config = small("fit", "linear_probe", epochs=500, patience=500)
    (config.folder).mkdir()
    (config.folder / "given.json").write_text(config.model_dump_json())
    code = (
        "import os, signal, sys, pathlib\n"
        "from lightning_modules.config import load_fit_config\n"
        "from lightning_modules.fitting.launch import train\n"
        "train(load_fit_config(pathlib.Path(sys.argv[1])), lambda *_: os.kill(os.getpid(), signal.SIGTERM))\n"
    )
    command = [sys.executable, "-c", code, str(config.folder / "given.json")]
    parent = subprocess.run(command, check=False, timeout=300, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    assert parent.returncode == 128 + signal.SIGTERM
    # The fit has ended with its parent: nobody holds its lock.
    FileLock(config.folder / "fit.lock").acquire(timeout=0)
    assert (config.folder / "fit.log").read_text() == (
        "error: stopped by SIGTERM; what was reached is kept: run it again to go on from there\n"
    )
    assert (config.folder / "phase-0" / "last.ckpt").exists()
