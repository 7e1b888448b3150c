"""Start the fit process and watch it: a crash in training is one error here and takes nothing else with it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from data.stores.atomic import write_text
from lightning_modules.config import FitConfig
from lightning_modules.errors import TrainingError
from lightning_modules.fitting.progress import read_history, read_state
from settings.signals import exit_on_sigterm

History: TypeAlias = list[dict[str, float]]
OUTPUTS, ANSWER = "outputs.npz", "answer."  # the file, and what the names of answers in it begin with
LEAST_BYTES = 2**20  # with less than that a fit cannot write a checkpoint, nor what it has to say of that
GRACE = 40.0  # torchrun gives its own processes 30 seconds


@dataclass(frozen=True)
class FitResult:
    """Where a finished fit lies and what it says of itself; `forgetting` by name, where it was measured.

    `refitted` samples, of training and validation together, taught the head anew once validation had chosen; 0: none.
    """

    folder: Path
    epochs: int
    best_val_loss: float
    best_phase: int
    seconds: float
    history: tuple[dict[str, float], ...]
    forgetting: dict[str, float] = field(default_factory=dict)
    refitted: int = 0

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept."""
        kept = [entry for entry in self.history if entry["phase"] == self.best_phase]
        return int(min(kept, key=lambda entry: entry["val_loss"])["epoch"])


@dataclass(frozen=True)
class Outputs:
    """What a network says of training and validation samples: hashes [N], answers by task, embeddings [N, D].

    `held_out`: no answer was learned from its own sample; otherwise that holds for the validation split alone.
    """

    hashes: npt.NDArray[np.str_]
    answers: dict[str, npt.NDArray[np.float32]]
    embeddings: npt.NDArray[np.float32]
    held_out: bool = False


def read_outputs(fit: Path) -> Outputs:
    """What the fit in that folder left."""
    with np.load(fit / OUTPUTS, allow_pickle=False) as found:
        answers = {name.removeprefix(ANSWER): found[name] for name in found.files if name.startswith(ANSWER)}
        held_out = "held_out" in found.files and bool(found["held_out"])  # files of earlier releases do not tell
        return Outputs(found["hashes"], answers, found["embeddings"], held_out)


def train(
    config: FitConfig,
    progress: Callable[[int, int], None] = lambda done, total: None,
    curves: Callable[[History], None] = lambda history: None,
) -> FitResult:
    """Runs `python -m lightning_modules.fitting.fit` to its end, or on from where an earlier one was interrupted.

    Meanwhile `progress` is told how far it is, and `curves` the metrics of every epoch so far.

    Raises:
        TrainingError: the process failed; the text is its own error line. Its checkpoints are kept.
    """
    write_text(config.folder / "fit.json", config.model_dump_json(indent=1))
    process = _start(config)
    try:
        with exit_on_sigterm():
            _watch(process, config.folder, progress, curves)
    finally:
        _stop(process)
    if process.returncode:
        raise TrainingError(_fault(config.folder / "fit.log", process.returncode))
    return _result(config.folder)


def _start(config: FitConfig) -> "subprocess.Popen[bytes]":
    own = {name: str(config.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} | {"REGRAFT_ROOT": config.root}
    with (config.folder / "fit.log").open("w") as output:
        return subprocess.Popen(  # our own module with a path that we made
            [sys.executable, "-m", "lightning_modules.fitting.fit", str(config.folder / "fit.json")],
            cwd=config.root, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **own},
        )  # fmt: skip


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Lets a fit that is still running keep what it has reached."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def _watch(
    process: "subprocess.Popen[bytes]",
    folder: Path,
    progress: Callable[[int, int], None],
    curves: Callable[[History], None],
) -> None:
    while process.poll() is None:
        state = read_state(folder)
        if state is not None:
            progress(*state)
        curves(read_history(folder / "progress.json"))
        time.sleep(0.2)
    curves(read_history(folder / "progress.json"))


def _result(folder: Path) -> FitResult:
    facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    history = json.loads((folder / "progress.json").read_text(encoding="utf-8"))["history"]
    return FitResult(folder=folder, history=tuple(history), **facts)


def _fault(log: Path, code: int) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    own = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if not own and code == -signal.SIGKILL:
        return (
            f"the fit was killed, most likely for memory: choose a smaller recipe.batch_size (exit code {code}; {log})"
        )
    if not lines and shutil.disk_usage(log.parent).free < LEAST_BYTES:
        return f"no room is left for {log.parent}; free disk space and run the same command again, it goes on"
    last = own or lines[-1:] or ["no output"]
    fault = own[0] if own else f"{last[0]} (exit code {code}; all of it in {log})"
    return re.sub(r"//[^/\s]*@", "//", fault)  # no password of a tracking address
