"""Which process wrote something, and whether it still runs."""

import os
import socket
from datetime import datetime

CLOCK = 60.0  # seconds by which the clocks of a process and of what it wrote may differ


def here() -> str:
    """Names this process: its machine and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_of_this_machine(process: str) -> bool:
    """Whether a process that `here` named ran on this machine; of others nothing can be known."""
    return process.rpartition(":")[0] == socket.gethostname()


def still_runs(process: str, since: datetime) -> bool:
    """Whether a process of this machine has run since then; another one may have got its number later."""
    import psutil  # only where something has begun

    try:
        return psutil.Process(int(process.rpartition(":")[2])).create_time() <= since.timestamp() + CLOCK
    except psutil.NoSuchProcess:
        return False
