"""The server under the application: uvicorn, with limits for clients that connect and do not ask.

A connection without a whole head is closed after a while. Of connections there are so many at most, as each is a file
descriptor, which log and ledger need as well: beyond, the one that rests longest between two requests or in a head
makes room; where none rests, the new one is told to come back.
"""

import asyncio
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.errors import ServingError

HEAD_SECONDS = 20  # for the head of a request; its body has `REGRAFT_SERVING__BODY_SECONDS`
BACKLOG = 128  # connections that may be taken in at once, before any is closed
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b'content-length: 58\r\n\r\n{"detail":"too many connections at once; try again later"}'
)


class Impatient(HttpToolsProtocol):
    """Closes a connection that does not send a whole head in time, for which uvicorn itself waits for ever."""

    most = 1  # connections at once

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock."""
        super().connection_made(transport)
        self._clock, self.rests = self.loop.call_later(HEAD_SECONDS, self._late), self.loop.time()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        self._clock.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Starts the clock for the next request of the connection."""
        super().on_message_begin()
        self._clock.cancel()
        self._clock = self.loop.call_later(HEAD_SECONDS, self._late)

    def on_headers_complete(self) -> None:
        """Stops the clock."""
        self._clock.cancel()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Notes since when the connection rests."""
        super().on_response_complete()
        self.rests = self.loop.time()

    def _make_room(self) -> None:
        there = [one for one in self.connections if isinstance(one, Impatient) and not one.transport.is_closing()]
        if len(there) <= self.most:
            return
        idle = [one for one in there if one is not self and (one.cycle is None or one.cycle.response_complete)]
        if idle:
            min(idle, key=lambda one: one.rests).transport.close()
            return
        self.transport.write(FULL)
        self.transport.close()

    def _late(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


def config_of(app: FastAPI, host: str, port: int, tls: tuple[Path, Path] | None = None) -> uvicorn.Config:
    """How the application is served; `tls` are the files of certificate and key.

    Raises:
        ServingError: they are no certificate and its key.
    """
    secured: dict[str, Any] = {"ssl_certfile": tls[0], "ssl_keyfile": tls[1]} if tls else {}
    limited = type("Limited", (Impatient,), {"most": app.state.service.settings.connections})
    config = uvicorn.Config(
        app, host=host, port=port, http=limited, ws="none", backlog=BACKLOG, log_level="warning", access_log=False,
        server_header=False, proxy_headers=False, **secured,
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:  # ssl's own are among them
        named = f"--tls-cert {tls[0]} and --tls-key {tls[1]}" if tls else "TLS"
        raise ServingError(f"{named}: {error}; give a certificate and its private key as PEM files") from error
    return config


def run(config: uvicorn.Config) -> None:
    """Serves until Ctrl-C or SIGTERM; everything taken in is answered before it returns.

    Raises:
        ServingError: it cannot listen there; uvicorn has logged why.
    """
    try:
        uvicorn.Server(config).run()
    except KeyboardInterrupt:  # raised anew once all has ended in order
        return
    except SystemExit as error:
        raise ServingError(
            f"it cannot listen on {config.host}:{config.port}; choose another --host or --port"
        ) from error
