"""A service with a real package behind it."""

import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from registry.ledger.ledger import Change, Ledger
from serving.http.app import create_app
from serving.http.server import config_of
from settings.machine import load_settings


@pytest.fixture
def real_server(registered, within) -> Iterator[Callable[[], int]]:
    """Starts a service of `photos` on a port of this machine, gives the port, and ends it."""
    stops = []

    def start() -> int:
        facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
        to, settings = registered(), load_settings()
        Ledger(settings.ledger).append(Change("photos", action="promote", expected=None, to=to, **facts))
        app = create_app(["photos"], settings)
        server = uvicorn.Server(config_of(app, "127.0.0.1", 0))
        thread = threading.Thread(target=server.run)
        thread.start()
        stops.append((server, thread))
        assert within(60, lambda: server.started and app.state.service.slots["photos"].current is not None)
        return server.servers[0].sockets[0].getsockname()[1]

    yield start
    for server, thread in stops:
        server.should_exit = True
        thread.join(30)
