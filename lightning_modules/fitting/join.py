"""What the further machines of a training run: `python -m lightning_modules.fitting.join DOMAIN`.

The first machine is told to retrain; the others wait for its fits and take their part in each, until they are ended.
All have the same REGRAFT_TRAINER__* variables and share the project's files.
"""

import logging
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from lightning_modules.config import FitConfig, load_fit_config
from lightning_modules.fitting.torchrun import torchrun
from settings.entry import stage_main
from settings.errors import ConfigError
from settings.machine import TrainerSettings, load_settings
from settings.signals import exit_on_sigterm

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds
PATIENCE = 2.0


def join_fits(folder: Path, trainer: TrainerSettings) -> None:
    """Takes part in each fit below a folder, one after the other; it ends only when it is told to.

    Raises:
        ConfigError: this machine is not told of others.
    """
    if trainer.nodes < 2:
        raise ConfigError(
            "REGRAFT_TRAINER__NODES is 1, so that there is no fit to join; set it and "
            "REGRAFT_TRAINER__RENDEZVOUS as on the machine that retrains"
        )
    while True:
        config = newest_fit(folder, trainer) if _meets(trainer.rendezvous) else None
        if config is not None:
            log.warning("joined %s, which ended with code %d", config.folder, _take_part(config))
        time.sleep(LOOK)


def newest_fit(folder: Path, trainer: TrainerSettings) -> FitConfig | None:
    """The fit that was begun last by the machine that waits at the same place; None before there is one."""
    begun = sorted(folder.glob("*/fit.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    found = (load_fit_config(path) for path in begun)
    return next((one for one in found if one.trainer.rendezvous == trainer.rendezvous), None)


def _meets(rendezvous: str) -> bool:
    """Whether the first machine waits for others by now."""
    host, _, port = rendezvous.rpartition(":")
    with suppress(OSError):
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        return True
    return False


def _take_part(config: FitConfig) -> int:
    """Runs this machine's processes of a fit; they are told when this one is."""
    process = subprocess.Popen(torchrun(config), cwd=config.root)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


def main(domain: str) -> None:
    """Joins the fits of a domain."""
    settings = load_settings()
    with exit_on_sigterm():
        join_fits(settings.home / "fits" / domain, settings.trainer)


if __name__ == "__main__":
    stage_main(main)
