"""The comparison of services: what a client sends and counts, and what the page says of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.report import NOT_RUN
from bench.serving.load import load, request_of
from bench.serving.services import CLIENTS, LABELS, cells, section


class Answering(BaseHTTPRequestHandler):
    """Answers the body's length; 500 to what is empty."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One answer."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.send_response(200 if content else 500)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server that counts its requests."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    found.paths = []
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_load__counts_what_comes_back(server):
    """Each answer is counted, with its time; what was refused is counted apart."""
    found = load("mlflow", server.server_port, b"x", 3, 0.2)
    assert set(server.paths) == {"/invocations"}
    assert found["failed"] == 0
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    sent = len(server.paths)
    assert 0 < found["value"] <= sent / 0.2  # it goes on for 0.2 s at least
    refused = load("regraft", server.server_port, b"", 1, 0.1)
    assert (refused["failed"], refused["value"]) == (len(server.paths) - sent, 0)


def test_request_of__forms():
    """Those that take a form get one with their own field."""
    body, kind = request_of("litserve", b"PNG")
    boundary = kind.partition("boundary=")[2].encode()
    assert body.startswith(b"--" + boundary)
    assert b'name="request"' in body
    assert b"\r\n\r\nPNG\r\n" in body
    assert request_of("regraft", b"PNG") == (b"PNG", "application/octet-stream")


def test_section__ratios_of_images_a_second():
    """Medians of the rounds; what was not measured says so."""

    def of(value: float) -> dict:
        return {"values": {"value": value, "p50_ms": 20.0, "p99_ms": 40.0, "failed": 0.0}}

    known = {f"regraft/64/{number}": of(value) for number, value in enumerate([30, 50, 60])}
    known |= {"mlflow/64/0": of(10), "loop/0": of(100)}
    page = section(known)
    assert "| 64 | `mlflow models serve` | 10 | 20 | 40 | 0 | 5.00 |" in page
    assert "A loop: 100 images/s; Regraft at 64 clients: 50% of it." in page
    assert page.count(NOT_RUN) == len(CLIENTS) * len(LABELS) - 2
    assert json.dumps(section({})).count(NOT_RUN) == len(CLIENTS) * len(LABELS) + 2


def test_cells__a_round_has_every_side():
    """All sides see the same load in turn."""
    assert len({one.name for one in cells()}) == 3 * (1 + len(CLIENTS) * len(LABELS))
