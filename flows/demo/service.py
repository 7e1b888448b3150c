"""The demo's service: cells are sent to it while versions take each other's place."""

import base64
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from settings.errors import RegraftError

PATIENCE = 120.0
BETWEEN = 0.05  # seconds from an answer to the next request: the retrains beside it need the cores, too


class DemoServiceError(RegraftError, RuntimeError):
    """The service that the demo started does not answer."""


class Service:
    """A service of a domain on a port of this machine."""

    def __init__(self, domain: str, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1/{domain}"

    def ask(self, cells: Sequence[Path]) -> list[dict[str, Any]]:
        """What the model says of some cells, in one request.

        Raises:
            OSError: it is refused, or nobody answers.
        """
        inputs = [base64.b64encode(cell.read_bytes()).decode() for cell in cells]
        body, kind = json.dumps({"inputs": inputs}).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/predict", body, kind)  # noqa: S310 - of this machine
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["predictions"]
        return found

    def version(self) -> int:
        """The version that answers; 0 where none does."""
        try:
            with urllib.request.urlopen(f"{self.address}/model", timeout=60) as answer:  # noqa: S310
                return int(json.load(answer)["version"])
        except OSError:
            return 0

    def await_version(self, version: int) -> float:
        """Seconds until that version answers.

        Raises:
            DemoServiceError: it does not within two minutes.
        """
        begun = time.monotonic()
        while self.version() != version:
            if time.monotonic() > begun + PATIENCE:
                raise DemoServiceError(f"{self.address} does not answer with v{version}; see what it printed")
            time.sleep(0.1)
        return time.monotonic() - begun


class Callers:
    """One caller after the other until the block ends; `answers` counts by version, `failed` what had no answer."""

    def __init__(self, service: Service, cells: Sequence[Path]) -> None:
        self.answers: Counter[int] = Counter()
        self.failed = 0
        self._service, self._cells, self._stop = service, cells, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for cell in cycle(self._cells):
            if self._stop.wait(BETWEEN):
                return
            try:
                self.answers.update(one["version"] for one in self._service.ask([cell]))
            except OSError:
                self.failed += 1


@contextmanager
def served(domain: str, version: int) -> Iterator[Service]:
    """Runs `regraft serve` on a free port until the block ends, and yields it once that version answers.

    Raises:
        DemoServiceError: it does not.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("regraft")), "serve", domain, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            service = Service(domain, port)
            service.await_version(version)
            yield service
        finally:
            process.terminate()
