"""A process that outlives a command, however that ends, and ends what it had started."""

import os
import subprocess
import sys
import uuid
from contextlib import suppress

MARK = "REGRAFT_COMMAND"
# It sleeps until its input ends: told, or because the command died, however that was. What the command started carries
# its mark: Prefect's servers, DVC, a fit, which keeps on SIGTERM what it has reached.
WATCHER = f"""
import sys
if not sys.stdin.read():
    import psutil
    marked = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("{MARK}") == sys.argv[1] and process.pid != psutil.Process().pid:
                process.terminate()
                marked.append(process)
        except psutil.Error:
            continue
    for process in psutil.wait_procs(marked, timeout=40)[1]:
        process.kill()
"""


def watch() -> "subprocess.Popen[bytes]":
    """Starts the process that outlives this one; what is started from now on carries the mark."""
    os.environ[MARK] = uuid.uuid4().hex
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-c", WATCHER, os.environ[MARK]],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    if watcher.stdin and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=watcher.stdin.close)  # a fork that lives on would hide this one's death
    return watcher


def tell(watcher: "subprocess.Popen[bytes]") -> None:
    """Nothing is left behind: the watcher has nothing to look for."""
    with suppress(OSError):
        watcher.communicate(b"done")
