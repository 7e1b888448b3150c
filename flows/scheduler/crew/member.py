"""One of the crew: `python -m flows.scheduler.crew.member NAME` becomes the server of that name.

First it ends what an earlier one of that name left behind: the workers of a server that was killed hold its port,
and a flow run whose scheduler was killed would go on unseen beside the one that takes its place.
"""

import os
import sys

from flows.process.marked import end_marked
from flows.scheduler.crew.config import FOLDER, read_command
from flows.scheduler.embedded.members import wait_for_embedded
from settings.machine import Settings, load_settings

NAME = "REGRAFT_MEMBER"
PATIENCE = 20.0  # seconds from SIGTERM to SIGKILL


def end_members(settings: Settings, *names: str) -> int:
    """Ends every process of one of these names, whatever group or parent it has by now, and counts them."""
    return end_marked(NAME, *(_mark(settings, name) for name in names), patience=PATIENCE)


def _mark(settings: Settings, name: str) -> str:
    """What a process and all that it starts carry in their environment; another project has a server of that name."""
    return f"{name} {settings.home.resolve()}"


def main(name: str) -> None:
    """Becomes the server of that name, in the folder that the crew was started from."""
    os.chdir(os.environ.get(FOLDER, "."))  # before settings are read: their `.env` lies there
    settings = load_settings()
    left = end_members(settings, name)
    if left:
        print(f"ended {left} processes that an earlier one left behind", flush=True)  # noqa: T201  -- its log
    if name not in settings.embedded:
        wait_for_embedded(settings)
    os.environ[NAME] = _mark(settings, name)
    command = read_command(settings, name)
    os.execvp(command[0], command)  # noqa: S606  -- no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
