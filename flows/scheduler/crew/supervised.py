"""The process that keeps the crew: supervisord, one a project; `python -m flows.scheduler.crew.supervised COMMANDS`."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

from supervisor import supervisord

from data.stores.locks import domain_lock
from flows.process.environment import prepare_environment
from flows.process.watcher import tell, watch
from flows.scheduler.crew.config import FOLDER, LOCK, config_file, run_folder, write_config
from flows.scheduler.crew.member import end_members
from settings.errors import RegraftError
from settings.machine import Settings


def main(commands: str) -> int:
    """Keeps the processes of a JSON object of names and commands until it is told to end.

    Nothing of them is left, even after a kill -9.
    """
    try:
        settings = prepare_environment()
        with domain_lock(settings.home, LOCK, "regraft up"):  # two would take each other's runs for dead
            _keep(settings, json.loads(commands))
    except RegraftError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _keep(settings: Settings, commands: Mapping[str, list[str]]) -> None:
    write_config(settings, commands)
    os.environ[FOLDER] = str(Path.cwd())
    watcher = watch()
    try:
        with chdir(run_folder(settings)):
            supervisord.main(["-c", config_file(settings).name])
    finally:
        end_members(settings, *commands)  # what left its group outlives supervisord
        tell(watcher)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
