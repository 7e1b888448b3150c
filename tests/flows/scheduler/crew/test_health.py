"""Who answers no more is started again; who has not answered yet is left in peace."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flows.scheduler.crew import health as module
from flows.scheduler.crew.control import CrewError
from flows.scheduler.crew.health import SILENT, Health
from flows.scheduler.crew.servers import Server
from settings.machine import Settings


class Answering(BaseHTTPRequestHandler):
    """A server that is well where its owner says so."""

    well = True

    def do_GET(self) -> None:
        """200 or 503."""
        self.send_response(200 if Answering.well else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A real server on a free port."""
    with HTTPServer(("127.0.0.1", 0), Answering) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        Answering.well = True
        yield Server("page", found.server_port, "PORT", [], health="/health")
        found.shutdown()
        thread.join()


@pytest.fixture
def restarted(monkeypatch) -> list[str]:
    """Names that were started again."""
    names: list[str] = []
    monkeypatch.setattr(module, "restart", lambda settings, name: names.append(name))
    return names


def looks(health: Health, count: int) -> list[str]:
    """What so many looks in a row have started again."""
    return [name for _ in range(count) for name in health.look()]


def test_look__silent_after_an_answer(server, restarted, tmp_path):
    """Not before the last look of the patience, once, and again only after it has answered again."""
    health = Health(Settings(root=tmp_path), [server])
    assert looks(health, 3) == []
    Answering.well = False
    assert looks(health, SILENT - 1) == []
    assert looks(health, 1) == ["page"] == restarted
    assert looks(health, 3 * SILENT) == [], "it starts, however long that takes"
    Answering.well = True
    assert looks(health, 1) == []
    Answering.well = False
    assert looks(health, SILENT) == ["page"]


def test_look__an_answer_in_between(server, restarted, tmp_path):
    """Only looks in a row count."""
    health = Health(Settings(root=tmp_path), [server])
    looks(health, 1)
    for _ in range(2):
        Answering.well = False
        assert looks(health, SILENT - 1) == []
        Answering.well = True
        looks(health, 1)
    assert restarted == []


def test_look__never_answered(restarted, tmp_path):
    """Nothing listens there yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    health = Health(Settings(root=tmp_path), [Server("page", port, "PORT", [], health="/")])
    assert looks(health, 3 * SILENT) == [] == restarted


def test_look__cannot_be_started_again(server, monkeypatch, tmp_path, capsys):
    """Where all end in the same second that is told, and no more."""

    def refuse(settings: Settings, name: str) -> None:
        raise CrewError("nothing runs in this project")

    monkeypatch.setattr(module, "restart", refuse)
    health = Health(Settings(root=tmp_path), [server])
    looks(health, 1)
    Answering.well = False
    assert looks(health, SILENT) == []
    assert "page was not started again: nothing runs in this project" in capsys.readouterr().out
