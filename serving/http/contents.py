"""The samples of a request: a form with files, JSON with base64, or the body itself."""

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from serving.asking import Asked
from serving.http.asked import FIELDS, asked_of
from settings.machine import ServingSettings

FIELD = "files"
Sent = tuple[list[bytes], Mapping[str, Any]]  # samples, and what else was said
HOW = 'send files in the form field `files`, JSON as {"inputs": [base64, …]}, or one sample as the body'


async def sent_in(request: Request, limits: ServingSettings) -> tuple[list[bytes], Asked]:
    """The bytes of each sample, in their order, and who asks.

    Raises:
        HTTPException: 413 (400 of a form) where it is too much, 422 where no samples can be found in it, 408 and 415 as
            `bounded`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    readers: dict[str, Callable[[Request, ServingSettings], Awaitable[Sent]]] = {
        "multipart/form-data": _from_form, "application/json": _from_json,
    }  # fmt: skip
    found, told = await readers.get(kind, _whole)(bounded(request, limits), limits)
    if not found:
        raise HTTPException(422, f"the request holds no sample; {HOW}")
    return found, asked_of(request, told)


def check_count(samples: int, limits: ServingSettings) -> None:
    """Raises HTTPException 413 where a request holds too many samples."""
    if samples > limits.items:
        raise HTTPException(413, f"{samples} samples in one request, {limits.items} are allowed; send several")


def bounded(request: Request, limits: ServingSettings) -> Request:
    """The request, of which no more is read than may be, and no longer, whatever length a client promises.

    Raises:
        HTTPException: 415 where the body is compressed; reading it raises 413 where it is too large and 408 where it
            comes too slowly.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, "the request is compressed, which may hide its size; send it as it is")
    most = int(limits.megabytes * 2**20)
    _check_size(int(promised) if (promised := request.headers.get("content-length", "")).isdecimal() else 0, most)
    return Request(request.scope, _bounded(request.receive, most, limits.body_seconds))


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise HTTPException(413, f"the request is over {most / 2**20:g} MB; send several")


def _bounded(receive: Receive, most: int, seconds: float) -> Receive:
    taken, until = 0, asyncio.get_running_loop().time() + seconds

    async def read() -> Message:
        nonlocal taken
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, f"the request took over {seconds:g} s to arrive; send it again") from error
        taken += len(message.get("body", b""))
        _check_size(taken, most)
        return message

    return read


async def _from_form(request: Request, limits: ServingSettings) -> Sent:
    async with request.form(max_files=limits.items, max_fields=limits.items + len(FIELDS)) as form:
        told = {name: value for name, value in form.items() if isinstance(value, str)}
        return [await part.read() for part in form.getlist(FIELD) if isinstance(part, UploadFile)], told


async def _from_json(request: Request, limits: ServingSettings) -> Sent:
    try:  # in a thread: a large one takes seconds, in which others are answered
        return await asyncio.to_thread(_parsed, await request.body(), limits)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise HTTPException(422, f"no JSON with base64 inputs; {HOW}") from error


def _parsed(body: bytes, limits: ServingSettings) -> Sent:
    content: Any = json.loads(body)
    inputs: list[Any] = content["inputs"]
    check_count(len(inputs), limits)
    return [base64.b64decode(one, validate=True) for one in inputs], content


async def _whole(request: Request, limits: ServingSettings) -> Sent:
    content = await request.body()
    return [content] if content else [], {}
