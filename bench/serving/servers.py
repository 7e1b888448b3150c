"""A server on a core of its own while something is measured; its clients have the next one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import BenchError

PORT, PATIENCE = 14270, 180
SERVER_CORE, CLIENT_CORE = 0, 1
SCRIPTS = Path(sys.executable).parent


@contextmanager
def running(
    command: Sequence[str],
    answers: Callable[[], bool],
    *,
    log: Path,
    env: Mapping[str, str],
    folder: Path,
    cores: str = str(SERVER_CORE),
) -> Iterator[int]:
    """Starts a server on some cores, waits until it answers, yields its process id, and ends it with all it started.

    Raises:
        BenchError: it does not answer.
    """
    pinned = ["taskset", "-c", cores, *command]
    with log.open("wb") as lines:
        server = subprocess.Popen(pinned, env=env, stdout=lines, stderr=lines, cwd=folder, start_new_session=True)
        try:
            _wait(server, answers, log)
            yield server.pid
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def listens(port: int) -> bool:
    """Whether a server takes connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(server: "subprocess.Popen[bytes]", answers: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if time.monotonic() > deadline or server.poll() is not None:
            raise BenchError(f"{log.stem} does not answer at port {PORT}; see {log}")
        time.sleep(1)
