"""Clients that send one sample again and again, and look whether each answer is by the version that it names."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

Outcome = Literal["sound", "mixed", "failed"]
CLOSE = 1e-3  # batches of other sizes round otherwise


@dataclass(frozen=True)
class Asked:
    """One request: when it was due and what it took, in seconds, and what came of it."""

    due: float
    seconds: float
    outcome: Outcome


@dataclass(frozen=True)
class Target:
    """What is asked, and the probabilities that each version says of it.

    Attributes:
        port: of the service on this machine.
        domain: that is asked.
        content: the sample.
        said: by version.
    """

    port: int
    domain: str
    content: bytes
    said: Mapping[int, Sequence[float]]

    def outcome(self, status: int, answer: bytes) -> Outcome:
        """What an answer is worth."""
        if status != 200:
            return "failed"
        (told,) = json.loads(answer)["predictions"]
        expected = self.said[told["version"]]
        return "sound" if np.allclose([*told["probabilities"].values()], expected, atol=CLOSE) else "mixed"


class Clients:
    """Connections that ask until the block ends; each waits for its answer, and for its turn where a rate is given."""

    def __init__(self, target: Target, count: int, rate: float | None = None) -> None:
        """`rate` is of all of them together, in requests a second; without one each asks as soon as it may."""
        self.asked: list[Asked] = []
        self._target, self._stop, self._rate = target, threading.Event(), rate
        self._turn, self._lock, self._begun = 0, threading.Lock(), time.perf_counter()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._target.port, timeout=60)
        while not self._stop.wait(max(0.0, (due := self._due()) - time.perf_counter())):
            outcome = self._outcome(connection)
            self.asked.append(Asked(due, time.perf_counter() - due, outcome))
        connection.close()

    def _due(self) -> float:
        """When the next request is due: what waits for a slow one is late, and its time counts from here."""
        if self._rate is None:
            return time.perf_counter()
        with self._lock:
            self._turn += 1
            return self._begun + self._turn / self._rate

    def _outcome(self, connection: http.client.HTTPConnection) -> Outcome:
        path, kind = f"/v1/{self._target.domain}/predict", {"Content-Type": "application/octet-stream"}
        try:
            connection.request("POST", path, self._target.content, kind)
            answer = connection.getresponse()
            return self._target.outcome(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            return "failed"


def swap(count: int, versions: tuple[int, int], put: Callable[[int, int], Any], serving: Callable[[], int]) -> None:
    """Puts one of two versions in the place of the other, again and again, each time until it answers.

    Args:
        count: how often.
        versions: the one that answers at the start, and the other.
        put: writes to the ledger that from a version another one is in production.
        serving: says which version answers by now.
    """
    for number in range(count):
        before, after = versions[number % 2], versions[1 - number % 2]
        put(before, after)
        while serving() != after:
            time.sleep(0.02)


def figures(asked: Sequence[Asked]) -> dict[str, float]:
    """How many answers were sound, mixed and failed, and the 50th and 99th percentile of their time in ms."""
    took = 1000 * np.array([one.seconds for one in asked])
    counts = {kind: float(sum(one.outcome == kind for one in asked)) for kind in ("sound", "mixed", "failed")}
    return {**counts, "p50_ms": float(np.percentile(took, 50)), "p99_ms": float(np.percentile(took, 99))}
