"""Asks a process of its own for an explanation: torch and the memory that it takes are gone when it is done."""

import asyncio
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from data.errors import SampleError
from serving.errors import NotExplainedError, QueueFullError, TooSlowError
from serving.explaining.looking import MINE

logger = logging.getLogger(__name__)

MODULE = "serving.explaining.looking"


@dataclass(frozen=True)
class Explanation:
    """The method that found it, and the image with heat on it, as a PNG."""

    method: str
    picture: bytes


class Explainer:
    """Explains one image at a time, within so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._lock = seconds, asyncio.Lock()

    async def explain(self, folder: Path, content: bytes) -> Explanation:
        """Where the network of a package looks in an image.

        Raises:
            NotExplainedError: it could not be done; the log says why.
            QueueFullError: another one is being explained.
            SampleError: the bytes are no image.
            TooSlowError: it took too long.
        """
        if self._lock.locked():
            raise QueueFullError("another image is being explained; try again later")
        async with self._lock:
            return await _asked(folder, content, self._seconds)


async def _asked(folder: Path, content: bytes, seconds: float) -> Explanation:
    pipe, env = asyncio.subprocess.PIPE, {**os.environ, "REGRAFT_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, str(folder), stdin=pipe, stdout=pipe, stderr=pipe, env=env
    )
    try:
        async with asyncio.timeout(seconds):
            found, told = await process.communicate(content)
    except TimeoutError as error:
        raise TooSlowError(f"no explanation within {seconds:g} s; try again later") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == MINE:
        raise SampleError(told.decode())
    if process.returncode:
        logger.warning("%s is not explained (exit code %d): %s", folder, process.returncode, told.decode()[-2000:])
        raise NotExplainedError("it could not be explained; the service's log says why")
    method, _, picture = found.partition(b"\n")
    return Explanation(method.decode(), picture)
