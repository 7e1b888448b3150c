"""The samples of a request: a form with files, JSON with base64, or the body itself."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from settings.machine import ServingSettings

FIELD = "files"
HOW = 'send files in the form field `files`, JSON as {"inputs": [base64, …]}, or one sample as the body'


async def contents_of(request: Request, limits: ServingSettings) -> list[bytes]:
    """The bytes of each sample, in their order.

    Raises:
        HTTPException: 413 where it is too much, 422 where no samples can be found in it.
    """
    bounded = Request(request.scope, _bounded(request.receive, int(limits.megabytes * 2**20)))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    readers: dict[str, Callable[[Request, int], Awaitable[list[bytes]]]] = {
        "multipart/form-data": _from_form, "application/json": _from_json,
    }  # fmt: skip
    found = await readers.get(kind, _whole)(bounded, limits.items)
    if not found:
        raise HTTPException(422, f"the request holds no sample; {HOW}")
    if len(found) > limits.items:
        raise HTTPException(413, f"{len(found)} samples in one request, {limits.items} are allowed; send several")
    return found


def _bounded(receive: Receive, most: int) -> Receive:
    """Reads no more than so many bytes, whatever length a client promises."""
    taken = 0

    async def read() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, f"the request is over {most / 2**20:g} MB; send several")
        return message

    return read


async def _from_form(request: Request, items: int) -> list[bytes]:
    async with request.form(max_files=items, max_fields=items) as form:
        return [await part.read() for part in form.getlist(FIELD) if isinstance(part, UploadFile)]


async def _from_json(request: Request, items: int) -> list[bytes]:
    try:
        content: Any = await request.json()
        return [base64.b64decode(one, validate=True) for one in content["inputs"]]
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise HTTPException(422, f"no JSON with base64 inputs; {HOW}") from error


async def _whole(request: Request, items: int) -> list[bytes]:
    content = await request.body()
    return [content] if content else []
