"""Several processes train as one does, and the death of one is one clear error."""

import json
import signal
from contextlib import suppress

import psutil
import pytest

from lightning_modules.errors import TrainingError
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.launch import train
from settings.machine import TrainerSettings

TWO = TrainerSettings(accelerator="cpu", devices=2)


LONG = {"epochs": 400, "patience": 400, "batch_size": 8}


def workers() -> dict[str, psutil.Process]:
    """The processes that train below this one, by their rank."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "RANK" in process.environ() and "lightning_modules.fitting.fit" in process.cmdline():
                found[process.environ()["RANK"]] = process
    return found


def history(config) -> list[dict]:
    """The metrics of every epoch."""
    return json.loads((config.folder / "progress.json").read_text())["history"]


def same_metrics(two, one) -> None:
    """Asserts that two fits had the same losses and accuracies, epoch by epoch, to 1e-4."""
    ours, theirs = history(two), history(one)
    assert [entry["epoch"] for entry in ours] == [entry["epoch"] for entry in theirs]
    for name in ("val_loss", "val_accuracy", "train_loss"):
        assert [entry[name] for entry in ours] == pytest.approx([entry[name] for entry in theirs], abs=1e-4)


def test_fit__two_processes_as_one(small):
    """Two gloo processes that share every batch train as one does: first a linear probe, then the last stages."""
    recipe = {"batch_size": 8, "views": 1, "probe_learning_rate": 0.02}
    one, two = (small(name, "partial", **recipe) for name in ("one", "two"))
    two = two.model_copy(update={"trainer": TWO})
    fit(one)
    train(two)
    same_metrics(two, one)
    assert history(one)[1]["val_loss"] < 0.65  # of 0.69 before it learned anything


@pytest.mark.long
def test_fit__one_of_two_processes_dies(small):
    """Kill -9 of one process ends the other too, and the run with one clear error."""
    config = small("fit", "linear_probe", **LONG).model_copy(update={"trainer": TWO})
    seen = {}

    def progress(epoch: int, epochs: int) -> None:
        if not seen:
            seen.update(workers())
            seen["1"].send_signal(signal.SIGKILL)

    with pytest.raises(TrainingError) as error:
        train(config, progress)
    assert str(error.value) == "one of 2 processes ended with an error; the others were stopped"
    assert seen.keys() == {"0", "1"}
    assert not any(process.is_running() for process in seen.values())


@pytest.mark.long
def test_fit__two_processes_stopped(small):
    """What stops the parent stops all processes behind the same batch; from there they train on as one does."""
    recipe = {"batch_size": 4, "batch_norm": "frozen", "balance": "loss"}
    one, two = (small(name, "full", **recipe) for name in ("one", "two"))
    two, seen = two.model_copy(update={"trainer": TWO}), {}

    def progress(epoch: int, epochs: int) -> None:
        seen.update(workers())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(two, progress)
    assert seen.keys() == {"0", "1"}
    assert not any(process.is_running() for process in seen.values())
    lines = (two.folder / "fit.log").read_text().splitlines()
    assert lines[-1] == "error: stopped by SIGTERM; what was reached is kept: run it again to go on from there"
    fit(one)
    train(two)
    same_metrics(two, one)
