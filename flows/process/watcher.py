"""A process that outlives a command, however that ends, and ends what it had started."""

import os
import subprocess
import sys
import uuid
from contextlib import suppress

from flows.process import marked

MARK = "REGRAFT_COMMAND"


def watch() -> "subprocess.Popen[bytes]":
    """Starts the process that outlives this one; what is started from now on carries the mark.

    Its input ends when it is told, or because this process died, however that was.
    """
    os.environ[MARK] = uuid.uuid4().hex
    watcher = subprocess.Popen(
        [sys.executable, "-I", marked.__file__, MARK, os.environ[MARK]],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    if watcher.stdin and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=watcher.stdin.close)  # a fork that lives on would hide this one's death
    return watcher


def tell(watcher: "subprocess.Popen[bytes]") -> None:
    """Nothing is left behind: the watcher has nothing to look for."""
    with suppress(OSError):
        watcher.communicate(b"done")
