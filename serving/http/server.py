"""The server under the application: uvicorn, with limits for clients that connect and do not ask."""

import asyncio
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.errors import ServingError

HEAD_SECONDS = 20  # for the head of a request; its body has `REGRAFT_SERVING__BODY_SECONDS`


class Impatient(HttpToolsProtocol):
    """Closes a connection that does not send a whole head in time, for which uvicorn itself waits for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the clock."""
        super().connection_made(transport)
        self._clock = self.loop.call_later(HEAD_SECONDS, self._late)

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

    def _late(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


def config_of(app: FastAPI, host: str, port: int, tls: tuple[Path, Path] | None = None) -> uvicorn.Config:
    """How the application is served; `tls` are the files of certificate and key.

    Raises:
        ServingError: they are no certificate and its key.
    """
    secured: dict[str, Any] = {"ssl_certfile": tls[0], "ssl_keyfile": tls[1]} if tls else {}
    config = uvicorn.Config(
        app, host=host, port=port, http=Impatient, ws="none", log_level="warning", access_log=False,
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
