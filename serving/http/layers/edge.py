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
        exchange, started = _Exchange(scope, receive, send), time.perf_counter()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            logger.exception("%s failed", exchange.id)
            if exchange.status:
                raise  # half an answer is no answer: the server cuts the connection
            told = f"the service failed at request {exchange.id}; its log says more"
            await refused(scope["path"], 500, told)(scope, exchange.receive, exchange.send)
        finally:
            self._tell(scope, exchange, time.perf_counter() - started)

    def _tell(self, scope: Scope, exchange: "_Exchange", seconds: float) -> None:
        """The line and the metrics; what a caller wrote, such as a path, is in neither."""
        route, domain = getattr(scope.get("route"), "path", "-"), scope.get("path_params", {}).get("domain", "-")
        self._observe(domain, route, exchange.status, seconds)
        caller, milliseconds = scope.get("state", {}).get("caller", "-"), 1000 * seconds
        line = (exchange.id, scope["method"], route, exchange.status, milliseconds, caller)
        logger.info("%s %s %s %d %.0f ms by %s", *line)


class _Exchange:
    """One request and its answer; `status` is 0 until the answer has begun."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self.id, self.status = _id_of(headers), 0
        self._receive, self._send = receive, send
        self._whole = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    async def receive(self) -> Message:
        """Passes a part of the request on, and notes the last one."""
        message = await self._receive()
        self._whole = self._whole or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Passes a part of the answer on, its head with the headers; what is left of a body is not waited for."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            more = {REQUEST_ID: self.id} if self._whole else {REQUEST_ID: self.id, "Connection": "close"}
            MutableHeaders(scope=message).update({**HEADERS, **more})
        await self._send(message)


def _id_of(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if GIVEN.fullmatch(given) else uuid.uuid4().hex
