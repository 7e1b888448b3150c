"""What the service cannot do, as HTTP says it: one line in `detail`, and when to try again."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from serving.errors import NoModelError, NotServedError, QueueFullError, ServingError, TooSlowError

STATUS: dict[type[ServingError], tuple[int, dict[str, str]]] = {
    NotServedError: (404, {}),
    NoModelError: (503, {"Retry-After": "5"}),
    QueueFullError: (503, {"Retry-After": "1"}),
    TooSlowError: (504, {}),
}


def add_faults(app: FastAPI) -> None:
    """Makes the application tell what the service raises."""
    for kind in STATUS:
        app.add_exception_handler(kind, _told)


async def _told(_: Request, error: Exception) -> JSONResponse:
    status, headers = next(found for kind, found in STATUS.items() if isinstance(error, kind))
    return JSONResponse({"detail": str(error)}, status, headers)
