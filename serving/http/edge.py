"""The outermost layer: each request has an id and a line in the log, each answer its headers, no fault a trace."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.faults import refused

logger = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
Observe = Callable[[str, str, int, float], None]


class Edge:
    """An ASGI layer; `observe` is told domain, route, status and seconds of each request."""

    def __init__(self, app: ASGIApp, observe: Observe) -> None:
        self._app, self._observe = app, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and tells of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known, status, started = _id_of(scope), 500, time.perf_counter()
        begun = False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                MutableHeaders(scope=message).update({**HEADERS, REQUEST_ID: known})
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            logger.exception("%s failed", known)
            if begun:
                raise  # half an answer is no answer: the server cuts the connection
            await refused(scope["path"], 500, f"the service failed at request {known}; its log says more")(
                scope, receive, answer
            )
        finally:
            self._tell(scope, known, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, known: str, status: int, seconds: float) -> None:
        """The line and the metrics; what a caller wrote, such as a path, is in neither."""
        route, domain = getattr(scope.get("route"), "path", "-"), scope.get("path_params", {}).get("domain", "-")
        self._observe(domain, route, status, seconds)
        caller = scope.get("state", {}).get("caller", "-")
        logger.info("%s %s %s %d %.0f ms by %s", known, scope["method"], route, status, seconds * 1000, caller)


def _id_of(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if GIVEN.fullmatch(given) else uuid.uuid4().hex
