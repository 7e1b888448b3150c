"""Two machines train as one does; here both are this one."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.join import join_fits, newest_fit
from lightning_modules.fitting.launch import train
from settings.errors import ConfigError
from settings.machine import TrainerSettings
from tests.lightning_modules.fitting.test_torchrun import same_metrics


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pair() -> TrainerSettings:
    """Two machines with one device each."""
    return TrainerSettings(accelerator="cpu", devices=1, nodes=2, rendezvous=f"127.0.0.1:{free_port()}")


@pytest.mark.long
def test_join_fits__two_machines_as_one(small, pair, tmp_path) -> None:
    """The second machine finds the first one's fit, takes its part, and ends when it is told to."""
    recipe = {"batch_size": 8}
    one, two = (small(name, "linear_probe", **recipe) for name in ("one", "two"))
    two = two.model_copy(update={"trainer": pair})
    fit(one)
    home = tmp_path / ".regraft"
    home.mkdir(exist_ok=True)
    (home / "fits").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "fit").symlink_to(two.folder, target_is_directory=True)
    told = {"REGRAFT_ROOT": str(tmp_path)} | {
        f"REGRAFT_TRAINER__{name.upper()}": str(getattr(pair, name)) for name in ("nodes", "devices", "rendezvous")
    }
    command = [sys.executable, "-m", "lightning_modules.fitting.join", "photos"]
    with subprocess.Popen(command, env={**os.environ, **told}, stderr=subprocess.PIPE, text=True) as other:
        try:
            train(two)
        finally:
            other.send_signal(signal.SIGTERM)
            said = other.communicate()[1]
    same_metrics(two, one)
    assert other.returncode != 0
    assert "Traceback" not in said


def test_newest_fit__of_the_same_meeting_place(small, pair, tmp_path) -> None:
    """Fits of this machine alone, or of others, are none of its business."""
    alone, ours = small("alone", "linear_probe"), small("ours", "linear_probe")
    ours = ours.model_copy(update={"trainer": pair})
    for config in (ours, alone):
        config.folder.mkdir(exist_ok=True)
        (config.folder / "fit.json").write_text(config.model_dump_json())
    assert newest_fit(tmp_path, pair).folder == ours.folder
    assert newest_fit(tmp_path, pair.model_copy(update={"rendezvous": "elsewhere:29500"})) is None


def test_join_fits__on_one_machine(tmp_path) -> None:
    """Without others to join it says what to set."""
    with pytest.raises(ConfigError, match="REGRAFT_TRAINER__NODES is 1"):
        join_fits(tmp_path, TrainerSettings())
