"""Who asks, as a request says it: in its form or JSON, its query or its headers."""

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request

from serving.asking import Asked

LONGEST = 128
FIELDS = ("request_key", "group", "session")
HEADERS = {"request_key": "regraft-request-key", "group": "regraft-group", "session": "regraft-session"}


def asked_of(request: Request, body: Mapping[str, Any]) -> Asked:
    """Who asks; what the body says goes before the query, and that before the headers.

    Raises:
        HTTPException: 422 where a value is no short printable text.
    """
    given = {
        name: body.get(name, request.query_params.get(name, request.headers.get(HEADERS[name]))) for name in FIELDS
    }
    return asked_from(given)


def asked_from(given: Mapping[str, Any]) -> Asked:
    """Who asks, by the names of `FIELDS`; null and what is missing say nothing.

    Raises:
        HTTPException: 422 where a value is no short printable text.
    """
    return Asked(*("" if given.get(name) is None else short_text(name, given[name]) for name in FIELDS))


def short_text(name: str, value: Any) -> str:
    """The value, if it is a text that may stand in a log.

    Raises:
        HTTPException: 422 where it is not.
    """
    if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST:
        return value
    shown = f"{value[:20]!r}…" if isinstance(value, str) else type(value).__name__
    raise HTTPException(422, f"{name} {shown}: at most {LONGEST} printable characters are allowed; correct it")
