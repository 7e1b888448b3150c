"""The engine of the service, fed with files: they are read and decoded side by side, and answered in their order."""

import asyncio
import hashlib
import threading
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import fsspec

from data.errors import SampleError
from serving.engine.answers import Answer, Scorer
from serving.engine.batcher import Batcher, Threads
from serving.errors import ModelFaultError
from serving.log.schema import Prediction, told
from settings.machine import Settings

AHEAD = 4  # batches of files that are under way at once


async def answered(
    package: Scorer, version: int, paths: Iterable[str], settings: Settings, abstain_below: float = 0.0
) -> AsyncIterator[Prediction]:
    """One row a path, in their order, each as soon as it and those before it are answered.

    A class that is less likely than `abstain_below` is marked as not said.

    However many paths there are, no more than a few batches of files are held at once. A file that cannot be read or
    decoded is told in its row, and the rest goes on.
    """
    window = AHEAD * settings.serving.batch
    threads = Threads.of(settings.cores)
    batcher = Batcher(package, threads, settings.serving.model_copy(update={"queue": window, "items": 1}))
    feed = _Feed(paths, window)
    asked: asyncio.Queue[asyncio.Task[Prediction] | None] = asyncio.Queue()
    asking = asyncio.create_task(_ask(feed, asked, _Files(package, version, abstain_below, batcher, threads)))
    try:
        while (task := await asked.get()) is not None:
            yield await task
            feed.room.release()
        await asking
    finally:
        asking.cancel()
        await batcher.drain()
        threads.decoders.shutdown()
        threads.model.shutdown()


class _Feed:
    """Paths from a thread of their own, as they may come from a pipe; it is a few ahead and no more."""

    def __init__(self, paths: Iterable[str], window: int) -> None:
        self._paths, self.room = paths, threading.Semaphore(window)
        self._loop = asyncio.get_running_loop()
        self._found: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        threading.Thread(target=self._run, daemon=True).start()  # it may wait for a line that never comes

    async def next(self) -> str | None:
        """The next path; None after the last. Raises what finding them raised."""
        found = await self._found.get()
        if isinstance(found, Exception):
            raise found
        return found

    def _run(self) -> None:
        try:
            for path in self._paths:
                self.room.acquire()
                self._put(path)
            self._put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where it is read
            self._put(error)

    def _put(self, found: str | Exception | None) -> None:
        self._loop.call_soon_threadsafe(self._found.put_nowait, found)


async def _ask(feed: _Feed, asked: "asyncio.Queue[asyncio.Task[Prediction] | None]", files: "_Files") -> None:
    try:
        while (path := await feed.next()) is not None:
            asked.put_nowait(asyncio.create_task(files.answer(path)))
    finally:
        asked.put_nowait(None)


@dataclass(frozen=True)
class _Files:
    """Asks a version about files."""

    package: Scorer
    version: int
    abstain_below: float
    batcher: Batcher
    threads: Threads

    async def answer(self, path: str) -> Prediction:
        """The row of a file."""
        transform = self.package.transform.hash
        row = Prediction(datetime.now(UTC), self.version, transform, None, path)
        try:
            changed, content = await asyncio.get_running_loop().run_in_executor(self.threads.decoders, _read, path)
        except (OSError, ImportError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
            return replace(row, error=f"cannot be read: {reason}")
        digest = hashlib.sha256(content).hexdigest()
        known = uuid.uuid5(uuid.NAMESPACE_URL, f"{path}/{changed}/{digest}/{transform}").hex
        row, begun = replace(row, hash=digest, id=known), asyncio.get_running_loop().time()
        found = await self._said(content)
        row = replace(row, latency_ms=1000 * (asyncio.get_running_loop().time() - begun), time=datetime.now(UTC))
        if isinstance(found, str):
            return replace(row, error=found)
        return told(row, found, abstained=found.confidence < self.abstain_below)

    async def _said(self, content: bytes) -> Answer | str:
        (answer,) = self.batcher.submit([content])
        try:
            return await answer
        except (SampleError, ModelFaultError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises, it is this file's alone
            return f"it cannot be decoded ({type(error).__name__})"


def _read(path: str) -> tuple[str, bytes]:
    """When a file changed last, and its bytes; of an address it is told by the bytes alone."""
    if "://" in path:
        filesystem, name = fsspec.core.url_to_fs(path)
        return "", bytes(filesystem.cat_file(name))
    return str(Path(path).stat().st_mtime_ns), Path(path).read_bytes()
