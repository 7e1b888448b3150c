"""What callers send by mistake or malice: it is refused, and others are answered meanwhile."""

import http.client
import io
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image

from serving.access.keys import Role, add_key

PREDICT = "/v1/photos/predict"
HEAD = b"POST /v1/photos/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"


def connected(port: int) -> socket.socket:
    """A connection that gives up after a while."""
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def paged(form: str, pages: int = 300) -> bytes:
    """One file of many pictures."""
    pictures = [Image.new("RGB", (64, 64), (number % 99,) * 3) for number in range(pages)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, form, save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["GIF", "MPO", "PNG", "TIFF", "WEBP"])
def test_pixels__of_many_pages_the_first_is_decoded(tiny, monkeypatch, form):
    """Each page alone is within the limit, and only one is decoded."""
    monkeypatch.setenv("REGRAFT_SERVING__MAX_PIXELS", "4096")
    (said,) = tiny().post(PREDICT, content=paged(form)).json()["predictions"]
    assert said["label"] == "dark"


@pytest.mark.parametrize("form", ["GIF", "JPEG", "PNG", "TIFF", "WEBP", "BMP"])
def test_pixels__too_many_are_refused_alone(tiny, monkeypatch, shade, form):
    """Before they are decoded; the sample beside it is answered."""
    monkeypatch.setenv("REGRAFT_SERVING__MAX_PIXELS", "8000")
    buffer = io.BytesIO()
    Image.new("L", (100, 81)).save(buffer, form)
    bomb, sound = tiny().post(PREDICT, files=[("files", buffer.getvalue()), ("files", shade(9))]).json()["predictions"]
    assert "100x81 is over 8000 pixels" in bomb["error"]
    assert sound["label"] == "dark"


def test_body__promised_too_large(tiny_server):
    """It is refused by its head, before a byte of it is sent."""
    with connected(tiny_server()) as line:
        line.sendall(HEAD.replace(b"1000", b"99999999999"))
        assert line.recv(99).startswith(b"HTTP/1.1 413")
        assert gone(line)


def test_body__comes_too_slowly(tiny_server, monkeypatch):
    """A client that trickles is told so and cut off, though it never stops sending."""
    monkeypatch.setenv("REGRAFT_SERVING__BODY_SECONDS", "0.5")
    with connected(tiny_server()) as line:
        line.sendall(HEAD)
        answer = trickled(line, b"x")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"took over 0.5 s to arrive" in answer


def test_body__of_a_refused_request(tiny_server, home):
    """Who has no key cannot hold a connection by a body that never ends."""
    add_key(home / "keys.json", "a", [Role.PREDICT])
    with connected(tiny_server()) as line:
        line.sendall(HEAD)
        assert line.recv(9999).startswith(b"HTTP/1.1 401")
        assert trickled(line, b"x") == b""


def test_body__of_unknown_size(tiny, monkeypatch):
    """What is sent in pieces without a size is counted as it comes."""
    monkeypatch.setenv("REGRAFT_SERVING__MEGABYTES", "1")
    found = tiny().post(PREDICT, content=(b"x" * 2**18 for _ in range(5)))
    assert (found.status_code, "over 1 MB" in found.json()["detail"]) == (413, True)


def test_body__whole(tiny, shade):
    """A connection whose request was read to its end is kept."""
    client = tiny()
    for found in (client.post(PREDICT, content=shade(9)), client.get("/healthz")):
        assert (found.status_code, "connection" in found.headers) == (200, False)


@pytest.mark.parametrize("begun", [b"", b"POST /v1/photos/pre"])
def test_head__comes_too_slowly(tiny_server, monkeypatch, begun):
    """A connection without a request, or with half a head, is closed."""
    monkeypatch.setattr("serving.http.server.HEAD_SECONDS", 0.3)
    with connected(tiny_server()) as line:
        line.sendall(begun)
        assert gone(line)


def test_head__next_request_of_a_connection(tiny_server, monkeypatch):
    """One that rests between requests is kept, and its next head is timed as well."""
    monkeypatch.setattr("serving.http.server.HEAD_SECONDS", 0.3)
    with connected(tiny_server()) as line:
        for _ in range(2):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert line.recv(9999).startswith(b"HTTP/1.1 200")
            time.sleep(0.5)
        line.sendall(b"GET /healthz HTT")
        assert gone(line)


def test_connections__the_one_that_rests_longest_makes_room(tiny_server, monkeypatch):
    """Beyond the limit a new one is answered; one that rests, or has sent half a head, goes for it."""
    monkeypatch.setenv("REGRAFT_SERVING__CONNECTIONS", "3")
    port = tiny_server()
    with connected(port) as first, connected(port) as half, connected(port) as third:
        half.sendall(b"GET /heal")
        for line in (third, first):
            assert healthy(line)
        with connected(port) as fourth, connected(port) as fifth:
            assert healthy(fourth)
            assert gone(half)
            assert healthy(fifth)
            assert gone(third)
            assert healthy(first)


def test_connections__none_rests(tiny_server, monkeypatch):
    """Then a new one is told to come back, and is answered once one of the others is done."""
    monkeypatch.setenv("REGRAFT_SERVING__CONNECTIONS", "1")
    port = tiny_server()
    with connected(port) as busy:
        busy.sendall(HEAD)
        with connected(port) as more:
            answer = b"".join(iter(lambda: more.recv(9999), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert (b"retry-after: 1" in head, json.loads(body)["detail"][:20]) == (True, "too many connections")
        busy.sendall(b"x" * 1000)
        assert busy.recv(9999).startswith(b"HTTP/1.1 200")
        with connected(port) as more:
            assert healthy(more)


def test_client__gone_before_it_is_answered(tiny_server, tiny_app, package, shade, within, monkeypatch):
    """Its samples are taken out: the model never sees them, and the room in the queue is free again."""
    free, known, seen = threading.Event(), package.predict, []

    def slow(images):
        seen.append(len(images))
        free.wait(20)
        return known(images)

    monkeypatch.setattr(package, "predict", slow)
    port = tiny_server()
    slot = tiny_app.made.state.service.slots["photos"]
    body = shade(9)
    request = HEAD.replace(b"1000", str(len(body)).encode()) + body
    with connected(port) as stays:
        stays.sendall(request)
        assert within(10, lambda: seen == [1])
        with connected(port) as leaves:
            leaves.sendall(request)
            assert within(10, lambda: slot.current.batcher.pending == 2)
        assert within(10, lambda: slot.current.batcher.pending == 1)
        free.set()
        assert stays.recv(9999).startswith(b"HTTP/1.1 200")
    assert seen == [1]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'regraft_requests_total{domain="photos",route="/v1/{domain}/predict",status="499"} 1.0' in text


def test_many__at_once(tiny_server, shade, monkeypatch):
    """2,000 requests over 100 connections at a small queue: each is answered or told to come back; then it is empty."""
    monkeypatch.setenv("REGRAFT_SERVING__QUEUE", "20")
    monkeypatch.setenv("REGRAFT_SERVING__ITEMS", "20")
    port, samples = tiny_server(), [shade(20), shade(220)]

    def ask(caller: int) -> list[tuple[int, str | None, bytes]]:
        line, sent = http.client.HTTPConnection("127.0.0.1", port, timeout=60), samples[caller % 2]
        found = []
        for _ in range(20):
            line.request("POST", PREDICT, sent)
            answer = line.getresponse()
            found.append((answer.status, answer.getheader("retry-after"), answer.read()))
        return found

    with ThreadPoolExecutor(100) as callers:
        answers = list(callers.map(ask, range(100)))
    told = {(status, wait) for one in answers for status, wait, _ in one}
    assert told <= {(200, None), (503, "1")}
    labels = ["dark", "bright"]
    said = [(n % 2, body) for n, one in enumerate(answers) for status, _, body in one if status == 200]
    assert {labels.index(json.loads(body)["predictions"][0]["label"]) == sent for sent, body in said} == {True}
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'regraft_queue_depth{domain="photos"} 0.0' in metrics


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"json": {"inputs": [""] * 50_000}}, 413),
        ({"files": [("files", b"x")] * 5000}, 400),
        ({"data": {f"f{number}": "x" for number in range(5000)}, "files": {"files": b"x"}}, 400),
        ({"content": b"[" * 500_000, "headers": {"content-type": "application/json"}}, 422),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400),
        ({"content": b"", "headers": {"content-type": "application/json"}}, 422),
        ({"files": {"other": b"x"}}, 422),
    ],
)
def test_request__too_many_or_none(tiny, sent, code):
    """Refused as a whole, in one line."""
    found = tiny().post(PREDICT, **sent)
    assert (found.status_code, [*found.json()], "\n" in found.json()["detail"]) == (code, ["detail"], False)


def test_sample__empty_beside_a_sound_one(tiny, shade):
    """An empty file is no sample; it fails alone."""
    empty, sound = tiny().post(PREDICT, files=[("files", b""), ("files", shade(9))]).json()["predictions"]
    assert ("the file is empty" in empty["error"], sound["label"]) == (True, "dark")


def healthy(line: socket.socket) -> bool:
    """Whether a request on the connection is answered."""
    line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return line.recv(9999).startswith(b"HTTP/1.1 200")


def gone(line: socket.socket) -> bool:
    """Whether the other side closes the connection."""
    try:
        while line.recv(9999):
            pass
    except ConnectionError:
        pass
    return True  # else it had timed out


def trickled(line: socket.socket, byte: bytes) -> bytes:
    """What comes back while a byte is sent every now and then; nothing where the other side closes the connection."""
    line.settimeout(0.05)
    for _ in range(200):
        try:
            line.sendall(byte)
            return line.recv(9999)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
    return b"held"
