"""Micro-batching: samples of all requests share the model, and each answer goes back to its own sample.

A sample waits for others only while others are being decoded, and no longer than the budget; while the model works, the
next batch fills by itself. Everything here runs on one event loop, but for decoding and the model, which have threads.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from data.specs.spec import Array, digest
from data.specs.transform import Transform
from serving.engine.answers import Answer, Scorer, answers_to
from serving.errors import ModelFaultError, QueueFullError, ServingError
from settings.machine import ServingSettings

REMEMBERED = 100  # batches whose time is known
Read = tuple[Array, dict[str, float]]  # the array of a sample, and the facts of its bytes
Decodes = dict[tuple[str, int], "asyncio.Future[Read]"]  # by the spec's digest and the sample's place in its request


@dataclass(frozen=True)
class Threads:
    """The threads of a process: those that decode, and the one that runs models, which has the cores to itself."""

    decoders: Executor
    model: Executor

    @classmethod
    def of(cls, cores: int) -> "Threads":
        """One decoder a core."""
        return cls(ThreadPoolExecutor(cores, "decode"), ThreadPoolExecutor(1, "model"))


@dataclass(frozen=True)
class _Waiting:
    """A decoded sample, facts of its bytes, and where its answer goes."""

    array: Array
    facts: dict[str, float]
    answer: "asyncio.Future[Answer]"


class Batcher:
    """Answers samples with one package until it is drained; to be made on a running event loop."""

    def __init__(
        self, package: Scorer, threads: Threads, settings: ServingSettings, sizes: "Counter[int] | None" = None
    ) -> None:
        """`sizes` counts the batches that the model saw by their size."""
        self._package, self._threads, self._settings = package, threads, settings
        self._sizes: Counter[int] = Counter() if sizes is None else sizes
        self._decoded: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._pending: set[asyncio.Future[Answer]] = set()
        self._decodes: set[asyncio.Task[None]] = set()
        self._closed = False
        self.seconds: deque[float] = deque(maxlen=REMEMBERED)  # of a sample in the model, in the last batches
        self._spec, self._loop = digest(package.transform.spec), asyncio.get_running_loop()
        self._worker = self._loop.create_task(self._run())

    @property
    def pending(self) -> int:
        """Samples that were taken in and are not answered yet."""
        return len(self._pending)

    def takes(self, samples: int) -> bool:
        """Whether there is room for so many more."""
        return not self._closed and self.pending + samples <= self._settings.queue

    def submit(self, contents: Sequence[bytes], decodes: Decodes | None = None) -> "list[asyncio.Future[Answer]]":
        """Takes in the samples of a request, all or none; each future holds the answer to its sample or its own fault.

        A future that is cancelled takes its sample out again. The faults are SampleError, of bytes that are no sample,
        and ModelFaultError. `decodes` are those of the request so far: what another version had decoded by the same
        spec is not decoded again.

        Raises:
            QueueFullError: they do not fit in what may wait.
            ServingError: it was drained.
        """
        if self._closed:
            raise ServingError("this package is not served any more; ask the one in its place")
        if not self.takes(len(contents)):
            raise QueueFullError(
                f"{self.pending} samples wait and {len(contents)} more are over {self._settings.queue}; try again later"
            )
        known: Decodes = {} if decodes is None else decodes
        return [self._take(self._decoding(content, place, known)) for place, content in enumerate(contents)]

    async def drain(self) -> None:
        """Takes in nothing more and returns once everything is answered."""
        self._closed = True
        while self._pending:
            await asyncio.wait(self._pending)
        self._worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._worker

    def _decoding(self, content: bytes, place: int, known: Decodes) -> "asyncio.Future[Read]":
        if (key := (self._spec, place)) not in known:
            transform, limit = self._package.transform, self._settings.max_pixels
            known[key] = self._loop.run_in_executor(self._threads.decoders, _read, transform, content, limit)
        return known[key]

    def _take(self, decoding: "asyncio.Future[Read]") -> "asyncio.Future[Answer]":
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._pending.add(answer)
        answer.add_done_callback(self._pending.discard)
        decode = self._loop.create_task(self._decode(decoding, answer))
        self._decodes.add(decode)  # the loop itself would let it be collected
        decode.add_done_callback(self._decodes.discard)
        return answer

    async def _decode(self, decoding: "asyncio.Future[Read]", answer: "asyncio.Future[Answer]") -> None:
        try:
            array, facts = await decoding
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this sample's alone
            _fail(answer, error)
        else:
            self._decoded.put_nowait(_Waiting(array, facts, answer))

    async def _run(self) -> None:
        while True:
            batch = [waiting for waiting in await self._collect() if not waiting.answer.done()]
            if not batch:
                continue
            arrays = [waiting.array for waiting in batch]
            self._sizes[len(batch)] += 1
            found, took = await self._loop.run_in_executor(self._threads.model, _timed, self._package, arrays)
            self.seconds.append(took / len(arrays))
            for waiting, said in zip(batch, found, strict=True):
                _settle(waiting, said)

    async def _collect(self) -> list[_Waiting]:
        """The next batch: full, or with all that wait, or with what came within the budget."""
        batch = [await self._decoded.get()]
        until = self._loop.time() + self._settings.wait_ms / 1000
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._fill(batch)
        return batch

    async def _fill(self, batch: list[_Waiting]) -> None:
        while len(batch) < min(self._settings.batch, self.pending):
            batch.append(await self._decoded.get())


def _read(transform: Transform, content: bytes, limit: int) -> Read:
    return transform.decode(content, limit), transform.spec.look(content)


def _timed(package: Scorer, arrays: Sequence[Array]) -> tuple[list[Answer | ModelFaultError], float]:
    """What the model says of each, and the seconds that it took."""
    begun = time.perf_counter()
    return each_said(package, arrays), time.perf_counter() - begun


def each_said(package: Scorer, arrays: Sequence[Array]) -> list[Answer | ModelFaultError]:
    """What the model says of each; where a batch fails, each sample is tried alone, so that only the bad one fails."""
    try:
        return [_sound(answer) for answer in answers_to(package, arrays)]
    except Exception as error:  # noqa: BLE001 - faults of ONNX Runtime have no base of their own
        if len(arrays) == 1:
            return [ModelFaultError(f"the model fails on it ({error}); roll back or register the model again")]
    return [said for array in arrays for said in each_said(package, [array])]


def _sound(answer: Answer) -> Answer | ModelFaultError:
    if np.isfinite(answer.probabilities).all():
        return answer
    return ModelFaultError("the model gives no number for it; roll back or register the model again")


def _settle(waiting: _Waiting, said: Answer | ModelFaultError) -> None:
    if isinstance(said, ModelFaultError):
        _fail(waiting.answer, said)
    elif not waiting.answer.done():
        waiting.answer.set_result(replace(said, facts={**said.facts, **waiting.facts}))


def _fail(answer: "asyncio.Future[Answer]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
