"""Training in several processes, one a device, which torchrun starts and watches."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
from types import FrameType

from pytorch_lightning.utilities.exceptions import SIGTERMException

from lightning_modules.config import FitConfig
from lightning_modules.errors import TrainingError

log = logging.getLogger(__name__)


def under_torchrun() -> bool:
    """Whether this is one of several processes that torchrun started."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def first_process() -> bool:
    """Whether this process writes what all have reached."""
    return not under_torchrun() or os.environ["RANK"] == "0"


def run_processes(config: FitConfig) -> None:
    """Runs this fit's phases under torchrun; where one process dies, the others are ended.

    Raises:
        TrainingError: a process failed; its own error line, if it had one, stands in the same output.
        SIGTERMException: this process was asked to stop, and the others have stopped.
    """
    threads = str(max(1, config.threads // config.trainer.devices))
    command = torchrun(config)
    if config.trainer.nodes > 1:
        log.warning("the other machines run: torchrun %s", " ".join(command[3:]))
    process = subprocess.Popen(
        command,
        cwd=config.root,
        env={**os.environ, "OMP_NUM_THREADS": threads},
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call
    )
    asked = []

    def forward(number: int, frame: FrameType | None) -> None:
        """Passes the signal on to torchrun."""
        asked.append(number)
        process.send_signal(number)

    former = signal.signal(signal.SIGTERM, forward)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGTERM, former)
        process.kill()
    if asked:
        raise SIGTERMException
    if code:
        raise TrainingError(f"one of {config.trainer.processes} processes ended with an error; the others were stopped")


def torchrun(config: FitConfig) -> list[str]:
    """The command with one process a device; several machines, which all run it, meet at an address."""
    trainer, where = config.trainer, ["--standalone"]
    if trainer.nodes > 1:
        where = [f"--nnodes={trainer.nodes}", "--rdzv-backend=c10d", f"--rdzv-endpoint={trainer.rendezvous}"]
    options = [*where, f"--nproc-per-node={trainer.devices}", "-m", "lightning_modules.fitting.fit"]
    return [sys.executable, "-m", "torch.distributed.run", *options, str(config.folder / "fit.json")]


def _end_with_parent() -> None:
    """Lets torchrun, and by it its processes, end when this process is killed; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
