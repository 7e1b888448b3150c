"""The layer that lets a request through or refuses it, before anything of it is read."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.exposure import is_local, name_in, names_of
from serving.access.keys import Key, Role
from serving.access.rate import Rate
from serving.access.ring import KeyRing
from serving.errors import KeysError
from serving.http.faults import refused
from settings.machine import ServingSettings

logger = logging.getLogger(__name__)

# The page is the same for everybody, and a browser that opens it can send no key; what it asks for takes one.
OPEN = frozenset({"/healthz", "/readyz", "/", "/page.js", "/page.css", "/page.svg"})
BEARER = {"WWW-Authenticate": "Bearer"}


@dataclass(eq=False)
class RefusedError(Exception):
    """Why a request is not let through."""

    status: int
    line: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """An ASGI layer for a service that listens on `host`."""

    def __init__(self, app: ASGIApp, ring: KeyRing, host: str, settings: ServingSettings) -> None:
        self._app, self._ring, self._rate = app, ring, Rate(settings.rate)
        self._local, self._names = is_local(host), names_of(host, settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it by a refusal."""
        try:
            if scope["type"] == "http":
                self._check(scope)
        except RefusedError as no:
            await refused(scope["path"], no.status, no.line, no.headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if name_in(headers.get("host", "")) not in self._names:
            raise RefusedError(400, "it does not answer under this name; add it to REGRAFT_SERVING__HOSTS")
        if (role := role_of(scope["path"])) is None:
            return
        try:
            if not self._ring.wanted() and self._local:
                return
            key = self._ring.find(_presented(headers))
        except KeysError as error:
            logger.error("%s", error)  # noqa: TRY400 - the line says all
            raise RefusedError(503, "the keys cannot be read; the service's log says more") from error
        scope.setdefault("state", {})["caller"] = key.name if key else "-"
        self._judge(key, role)

    def _judge(self, key: Key | None, role: Role) -> None:
        if key is None or key.fault:
            line = f"the key is {key.fault}" if key else "no key, or none of this service's"
            raise RefusedError(
                401, f"{line}; send `Authorization: Bearer KEY` with a key by `regraft keys add`", BEARER
            )
        if not key.allows(role):
            raise RefusedError(403, f"the key's role is {', '.join(key.roles)}; this needs {role} or {Role.ADMIN}")
        if (seconds := self._rate.wait(key.id)) > 0:
            later = {"Retry-After": str(math.ceil(seconds))}
            raise RefusedError(429, "too many requests with this key; try again later", later)


def role_of(path: str) -> Role | None:
    """The role that a request needs; None: it needs no key."""
    if path in OPEN:
        return None
    return Role.FEEDBACK if path.startswith("/v1/") and path.endswith("/feedback") else Role.PREDICT


def _presented(headers: Headers) -> str:
    scheme, _, presented = headers.get("authorization", "").partition(" ")
    return presented.strip() if scheme.lower() == "bearer" else ""
