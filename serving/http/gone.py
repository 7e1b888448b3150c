"""A client that leaves before it is answered: nothing is computed for it any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import HTTPException, Request

T = TypeVar("T")
LEFT = 499  # nobody sees it but the log and the metrics; nginx calls it so


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What comes of the work; it is cancelled where the client leaves. The body has to be read before.

    Raises:
        HTTPException: 499, the client left.
    """
    task, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HTTPException(LEFT, "the client left before it was answered")
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
