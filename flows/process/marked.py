"""Processes that carry a mark in their environment, whatever group or parent they have by now, are ended.

As a script, `marked.py NAME VALUE`, it sleeps until its input ends. Whoever holds that input tells it something before,
or has died: then what carries the mark is ended. It imports nothing of the project, so that it starts at once.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psutil import Process

PATIENCE = 40.0  # seconds


def end_marked(name: str, *values: str, patience: float = PATIENCE) -> int:
    """Ends every other process whose environment holds one of the values under this name, and counts them.

    From SIGTERM to SIGKILL each has `patience` seconds: a fit keeps what it has reached.
    """
    import psutil  # only where something is looked for

    found = [*_marked(name, values)]
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(found, timeout=patience)[1]:
        with suppress(psutil.Error):
            process.kill()
    return len(found)


def _marked(name: str, values: tuple[str, ...]) -> "Iterator[Process]":
    import psutil

    others = (process for process in psutil.process_iter() if process.pid != os.getpid())
    yield from (process for process in others if _mark(process, name) in values)


def _mark(process: "Process", name: str) -> str | None:
    import psutil

    with suppress(psutil.Error):  # it is gone, or somebody else's
        return process.environ().get(name)
    return None


if __name__ == "__main__" and not sys.stdin.read():
    end_marked(*sys.argv[1:])
