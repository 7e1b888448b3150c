"""What the processes of the crew wrote, and what they write now."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from settings.errors import ConfigError
from settings.machine import Settings


def log_files(settings: Settings, name: str | None = None) -> dict[str, Path]:
    """The logs by process, or that of one.

    Raises:
        ConfigError: there is no such log.
    """
    found = {path.stem: path for path in sorted((settings.home / "logs").glob("*.log"))}
    if name is None:
        return found
    if name not in found:
        raise ConfigError(f"{name!r} has no log; there are {', '.join(found) or 'none: `regraft up` writes them'}")
    return {name: found[name]}


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        return [line.rstrip("\n") for line in deque(lines, maxlen=count)]


class Followed:
    """Logs from where they end now; one that is put aside for a new one is read to its end first."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._open: dict[str, BinaryIO] = {}
        for name in files:
            if stream := self._opened(name):
                stream.seek(0, os.SEEK_END)

    @property
    def names(self) -> list[str]:
        """Whose logs they are."""
        return [*self._files]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Whole lines that came since the last call, with their process."""
        for name in self._files:
            while (stream := self._opened(name)) and (line := self._line(stream) or self._next(name, stream)):
                yield name, line.decode(errors="replace").rstrip()

    @staticmethod
    def _line(stream: BinaryIO) -> bytes:
        """A whole line, else nothing: the rest of it is still to come."""
        before, line = stream.tell(), stream.readline()
        if line.endswith(b"\n"):
            return line
        stream.seek(before)
        return b""

    def _next(self, name: str, stream: BinaryIO) -> bytes:
        """The first line of the log that has taken this one's place, if one has."""
        with suppress(FileNotFoundError):
            if os.fstat(stream.fileno()).st_ino != self._files[name].stat().st_ino:
                stream.close()
                del self._open[name]
                return self._line(fresh) if (fresh := self._opened(name)) else b""
        return b""

    def _opened(self, name: str) -> BinaryIO | None:
        if name not in self._open:
            with suppress(FileNotFoundError):
                self._open[name] = self._files[name].open("rb")
        return self._open.get(name)
