"""The demo's callers, and the service that they call."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.demo import service as demo
from flows.demo.service import Callers, DemoServiceError, Service


class Answering(BaseHTTPRequestHandler):
    """Answers each sample by the server's version, or refuses."""

    def do_GET(self) -> None:
        """The version that answers."""
        self._answer({"version": self.server.version})

    def do_POST(self) -> None:
        """The length of what came in."""
        inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        self._answer({"predictions": [{"version": self.server.version, "label": one} for one in inputs]})

    def _answer(self, told: dict) -> None:
        self.send_response(200 if self.server.version else 503)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A service whose second version answers."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    found.version = 2
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_service__asks_and_waits(server, tmp_path, monkeypatch):
    """Answers in their order; the version that answers; and a line where it never comes."""
    (tmp_path / "a").write_bytes(b"a"), (tmp_path / "b").write_bytes(b"b")
    found = Service("solar", server.server_port)
    assert [one["label"] for one in found.ask([tmp_path / "a", tmp_path / "b"])] == ["YQ==", "Yg=="]
    assert found.version() == 2
    assert found.await_version(2) >= 0
    monkeypatch.setattr(demo, "PATIENCE", 0.2)
    with pytest.raises(DemoServiceError, match="does not answer with v3"):
        found.await_version(3)
    server.version = 0
    assert found.version() == 0


def test_callers__count_answers_and_refusals(server, tmp_path, monkeypatch):
    """By version, as long as the block lasts."""
    monkeypatch.setattr(demo, "BETWEEN", 0.001)
    (tmp_path / "a").write_bytes(b"a")
    with Callers(Service("solar", server.server_port), [tmp_path / "a"]) as callers:
        while callers.answers[2] < 3:
            pass
        server.version = 0
        while not callers.failed:
            pass
    assert {*callers.answers} == {2}
