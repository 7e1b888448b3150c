"""What the service cannot do, as HTTP says it: one line, in `detail` or, for clients of /v2, in `error`."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serving.errors import NoModelError, NotExplainedError, NotServedError, QueueFullError, ServingError, TooSlowError

STATUS: dict[type[ServingError], tuple[int, dict[str, str]]] = {
    NotServedError: (404, {}),
    NoModelError: (503, {"Retry-After": "5"}),
    QueueFullError: (503, {"Retry-After": "1"}),
    NotExplainedError: (503, {"Retry-After": "60"}),
    TooSlowError: (504, {}),
}


def refused(path: str, status: int, line: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal where clients of that path look for it."""
    return JSONResponse({"error" if path.startswith("/v2") else "detail": line}, status, headers)


def add_faults(app: FastAPI) -> None:
    """Makes the application tell what the service raises, and what the framework does."""
    for kind in STATUS:
        app.add_exception_handler(kind, _told)
    app.add_exception_handler(HTTPException, _known)


async def _told(request: Request, error: Exception) -> JSONResponse:
    status, headers = next(found for kind, found in STATUS.items() if isinstance(error, kind))
    return refused(request.url.path, status, str(error), headers)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these alone
    return refused(request.url.path, error.status_code, error.detail, error.headers)
