"""The service without its wire: champions of some domains answer samples, and what they say is logged.

It follows the ledger by itself, see `serving.slot`. Every answer names the version that gave it.
"""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from data.errors import SampleError
from serving.engine.answers import Answer
from serving.engine.batcher import Threads
from serving.errors import ModelFaultError, NoModelError, NotServedError, TooSlowError
from serving.log.predictions import Prediction, told
from serving.log.writer import LogWriter
from serving.slot import Served, Slot
from settings.machine import Settings


@dataclass(frozen=True)
class Said:
    """What a version says of one sample: an answer, or why there is none.

    Attributes:
        id: names the prediction, in the log as well.
        served: which version said it.
        answer: None where the sample has a fault.
        error: the fault in one line; empty where there is an answer.
    """

    id: str
    served: Served
    answer: Answer | None
    error: str = ""


class Service:
    """The slots and logs of the domains that are served."""

    def __init__(self, domains: Sequence[str], settings: Settings) -> None:
        threads = Threads.of(settings.cores)
        self.settings = settings.serving
        self.slots = {name: Slot(name, threads, settings) for name in domains}
        self.logs = {name: LogWriter(name) for name in domains}

    @contextlib.asynccontextmanager
    async def running(self, _: object = None) -> AsyncIterator[None]:
        """Follows the ledger and writes the logs meanwhile; at the end everything taken in is answered and logged."""
        work = [slot.follow() for slot in self.slots.values()] + [log.write() for log in self.logs.values()]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(slot.close() for slot in self.slots.values()))
            await asyncio.gather(*(log.flush() for log in self.logs.values()))

    def slot(self, domain: str) -> Slot:
        """The slot of a domain.

        Raises:
            NotServedError: it is not served here.
        """
        if domain not in self.slots:
            raise NotServedError(f"{domain!r} is not served here (there: {', '.join(self.slots)})")
        return self.slots[domain]

    def served(self, domain: str) -> Served:
        """What answers for a domain by now.

        Raises:
            NotServedError: it is not served here.
            NoModelError: nothing answers for it.
        """
        slot = self.slot(domain)
        if slot.current is None:
            raise NoModelError(f"{domain!r} has no model: {slot.fault or 'nothing is in production yet'}")
        return slot.current

    async def predict(self, domain: str, contents: Sequence[bytes]) -> list[Said]:
        """What the champion says of each sample, in their order; one that is no sample is told as its own error.

        Raises:
            NotServedError: the domain is not served here.
            NoModelError: nothing answers for it.
            QueueFullError: too many samples wait.
            TooSlowError: it took longer than a request may.
        """
        served = self.served(domain)  # and no await before they are submitted: a swap cannot come between
        futures = served.batcher.submit(contents)
        try:
            async with asyncio.timeout(self.settings.timeout):
                found = await asyncio.gather(*futures, return_exceptions=True)
        except TimeoutError as error:
            raise TooSlowError(f"no answer within {self.settings.timeout:g} s; try again later") from error
        said = [_said(served, one) for one in found]
        for content, one in zip(contents, said, strict=True):
            self._log(domain, content, one)
        return said

    def _log(self, domain: str, content: bytes, said: Said) -> None:
        transform = said.served.package.transform
        digest, version = hashlib.sha256(content).hexdigest(), said.served.version
        row = Prediction(datetime.now(UTC), version, transform.hash, digest, f"request/{said.id}")
        row = replace(row, error=said.error) if said.answer is None else told(row, said.answer)
        self.logs[domain].add(row, tuple(transform.spec.measures))


def _said(served: Served, found: Answer | BaseException) -> Said:
    known = uuid.uuid4().hex
    if isinstance(found, Answer):
        return Said(known, served, found)
    reason = str(found) if isinstance(found, SampleError | ModelFaultError) else "it cannot be read"
    return Said(known, served, None, reason)
