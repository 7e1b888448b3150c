"""Clients of the benches: what they ask, how fast, and what they make of an answer."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from bench.serving.clients import Asked, Clients, Target, figures, swap


class Answering(BaseHTTPRequestHandler):
    """Says what the server is told to say."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        version, probabilities, status = self.server.says
        body = json.dumps({"predictions": [{"version": version, "probabilities": probabilities}]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server whose first version says 0.2."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    found.says = (1, {"a": 0.2, "b": 0.8}, 200)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def asked(port: int, **more: float) -> list[str]:
    """What came of the requests of two clients."""
    with Clients(Target(port, "solar", b"x", {1: [0.2, 0.8], 2: [0.7, 0.3]}), 2, **more) as sending:
        while len(sending.asked) < 6:
            time.sleep(0.01)
    return sorted({one.outcome for one in sending.asked})


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ((1, {"a": 0.2001, "b": 0.7999}, 200), "sound"),
        ((2, {"a": 0.7, "b": 0.3}, 200), "sound"),
        ((2, {"a": 0.2, "b": 0.8}, 200), "mixed"),
        ((1, {}, 503), "failed"),
    ],
)
def test_clients__what_an_answer_is_worth(server, says, outcome):
    """Sound with the probabilities of its version, mixed with another's, failed where it is refused."""
    server.says = says
    assert asked(server.server_port) == [outcome]


def test_clients__nobody_answers(server):
    """A connection that is refused is a failed request."""
    server.shutdown(), server.server_close()
    assert asked(server.server_port) == ["failed"]


def test_clients__at_a_rate(server):
    """All together send so many a second, each at its turn."""
    target = Target(server.server_port, "solar", b"x", {1: [0.2, 0.8]})
    with Clients(target, 3, rate=100) as sending:
        while len(sending.asked) < 20:
            time.sleep(0.01)
    dues = sorted(one.due for one in sending.asked)
    assert [round(later - before, 6) for before, later in pairwise(dues)] == [0.01] * (len(dues) - 1)


def test_swap__waits_for_each():
    """The next is put once the one before answers."""
    done, answers = [], iter([1, 2, 1, 2])
    swap(3, (1, 2), lambda before, after: done.append((before, after)), lambda: next(answers))
    assert done == [(1, 2), (2, 1), (1, 2)]


def test_figures__counts_and_times():
    """Outcomes by their number, times in ms."""
    found = figures([Asked(0.0, 0.1, "sound"), Asked(0.0, 0.3, "mixed"), Asked(0.0, 0.2, "failed")])
    assert (found["sound"], found["mixed"], found["failed"]) == (1, 1, 1)
    assert found["p50_ms"] == pytest.approx(200)
    assert 200 < found["p99_ms"] <= 300
