"""Keeps a process running: `python -m flows.scheduler.keeping COMMAND…`.

What is killed, by a person or by the system for its memory, is started again and takes nothing else along. What ends by
itself, such as one whose settings are wrong, ends this as well, with its exit code; so does what was asked to end.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

PAUSE = 2.0  # seconds from one start to the next


class Keeper:
    """Runs a command until it ends by itself or a signal asks for it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command, self._asked = command, 0
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Its exit code in the end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        while True:
            begun, code = time.monotonic(), self._once()
            if code >= 0 or self._asked:
                return code if code >= 0 else 128 - code
            sys.stderr.write(f"it was killed by signal {-code} and is started again\n")
            time.sleep(max(0.0, PAUSE - time.monotonic() + begun))

    def _once(self) -> int:
        self._process = subprocess.Popen(self._command)
        if self._asked:  # before there was a process
            self._process.send_signal(self._asked)
        return self._process.wait()

    def _ask(self, number: int, _: object) -> None:
        self._asked = number
        if self._process is not None:
            self._process.send_signal(number)


if __name__ == "__main__":
    sys.exit(Keeper(sys.argv[1:]).run())
