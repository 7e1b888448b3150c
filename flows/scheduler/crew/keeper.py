"""The crew's keeper, as the process that starts it sees it: whether it runs, what it said, and how it is ended."""

import json
import signal
import subprocess
from collections.abc import Mapping
from typing import Any, Self

from data.stores.locks import process_of
from flows.scheduler.crew.config import LOCK, run_folder
from flows.scheduler.crew.servers import PYTHON, environment
from settings.machine import Settings

ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a service manager's stop, a closed terminal


class Keeper:
    """The process that keeps the crew, out of reach of the terminal's Ctrl-C; it starts with the block.

    Whoever asks this process to end meanwhile, asks it; `asked` holds the signals.
    """

    def __init__(self, settings: Settings, commands: Mapping[str, list[str]]) -> None:
        self.asked: list[int] = []
        self._settings, self._commands = settings, commands
        self._log, self._begin = run_folder(settings) / "keeper.log", 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Starts it; it says in a log what keeps it from its work."""
        self._before = {number: signal.signal(number, self._ask) for number in ASKED}
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = [PYTHON, "-m", "flows.scheduler.crew.supervised", json.dumps(self._commands)]
        with self._log.open("ab") as said:
            self._begin = said.tell()
            self._process = subprocess.Popen(
                command, env=environment(self._settings), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        if self.asked:
            self._process.terminate()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves it as it is."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: Any) -> None:
        self.asked.append(number)
        if self._process:
            self._process.terminate()

    @property
    def code(self) -> int | None:
        """With which code it ended; None: it runs."""
        return self._process.poll() if self._process else None

    @property
    def keeps(self) -> bool:
        """Whether it holds this project's lock, and is not still on its way to it, or refused."""
        return self._process is not None and process_of(self._settings.home, LOCK) == self._process.pid

    def wait(self) -> None:
        """Waits until it has ended."""
        if self._process:
            self._process.wait()

    def last_words(self) -> str:
        """The last line of what it said, which tells why it ended."""
        said = self._log.read_bytes()[self._begin :].decode(errors="replace").strip()
        return said.splitlines()[-1] if said else f"error: the keeper ended with code {self.code}; see `regraft logs`"
