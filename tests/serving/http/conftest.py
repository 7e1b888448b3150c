"""A service at once: the real application, batcher and log with the tiny package behind a row of the ledger."""

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from registry.ledger.ledger import Change, Ledger
from serving.engine.batcher import Batcher, Threads
from serving.http.app import create_app
from serving.http.server import config_of
from serving.slot import Served
from settings.machine import load_settings

HERE = "http://127.0.0.1"


@pytest.fixture
def tiny_app(package) -> Callable[..., FastAPI]:
    """Makes an application that serves the tiny package as version 3 of `photos`, beside `other`, which has none."""

    def make(**more: str) -> FastAPI:
        settings = load_settings()
        app, row = create_app(["photos", "other"], settings, **more), _promoted(settings.ledger)
        running, slot = app.router.lifespan_context, app.state.service.slots["photos"]

        @contextlib.asynccontextmanager
        async def served(_: FastAPI) -> AsyncIterator[object]:
            slot.current = Served(3, row, package, Batcher(package, Threads.of(2), settings.serving, slot.sizes))
            async with running(app) as state:
                yield state

        app.router.lifespan_context = served
        make.made = app
        return app

    return make


@pytest.fixture
def tiny(tiny_app) -> Iterator[Callable[..., TestClient]]:
    """Starts a service of the tiny package and gives its client; call it after settings and keys are made."""
    with contextlib.ExitStack() as stack:

        def start(**more: str) -> TestClient:
            client = TestClient(tiny_app(**more), base_url=HERE, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def tiny_server(tiny_app) -> Iterator[Callable[..., int]]:
    """Starts a service of the tiny package on a port of this machine and gives the port."""
    stops = []

    def start(**more) -> int:
        server = uvicorn.Server(config_of(tiny_app(), "127.0.0.1", 0, **more))
        thread = threading.Thread(target=server.run)
        thread.start()
        stops.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        return server.servers[0].sockets[0].getsockname()[1]

    yield start
    for server, thread in stops:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def within() -> Callable[[float, Callable[[], bool]], bool]:
    """Says whether something comes true before so many seconds are over."""

    def wait(seconds: float, found: Callable[[], bool]) -> bool:
        until = time.monotonic() + seconds
        while not (true := found()) and time.monotonic() < until:
            time.sleep(0.05)
        return true

    return wait


def _promoted(ledger: str) -> str:
    """The hash of the row that put version 3 into production."""
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    if not Ledger(ledger).present("photos"):
        Ledger(ledger).append(Change("photos", action="promote", expected=None, to=3, **facts))
    return Ledger(ledger).present("photos")[-1].hash
