"""Versions take each other's place while clients send: nothing fails, and no answer is of two versions."""

import io
import json
import threading
import time
import urllib.request

import pytest
import uvicorn
from PIL import Image

from bench.serving.clients import Clients, Target, figures, swap
from registry.ledger.ledger import Change, Ledger
from serving.http.app import create_app
from serving.http.server import config_of
from serving.log.predictions import read
from settings.machine import load_settings


class Turned:
    """The tiny package with its classes' probabilities the other way round."""

    def __init__(self, package) -> None:
        self._package = package

    def __getattr__(self, name: str):
        return getattr(self._package, name)

    def predict(self, samples):
        """As the package, turned."""
        said, embeddings = self._package.predict(samples)
        return {task: rows[:, ::-1] for task, rows in said.items()}, embeddings


@pytest.fixture
def put():
    """Writes who is in production."""
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    ledger = Ledger(load_settings().ledger)
    return lambda before, after: ledger.append(Change("photos", action="promote", expected=before, to=after, **facts))


@pytest.fixture
def served(package, put, monkeypatch):
    """A service of two versions on a port of this machine, of which the first answers."""
    packages = {1: package, 2: Turned(package)}
    monkeypatch.setattr("serving.slot._verified", lambda domain, version, row: packages[version])
    monkeypatch.setattr("serving.slot.LOOK_SECONDS", 0.05)
    put(None, 1)
    server = uvicorn.Server(config_of(create_app(["photos"], load_settings()), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(60)


@pytest.mark.parametrize(("count", "clients"), [(6, 8), pytest.param(200, 32, marks=pytest.mark.long)])
def test_swaps__none_failed_none_mixed(served, package, put, count, clients):
    """Each answer has the probabilities of the version that it names, and each is in the log once, by that version."""

    def serving() -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{served}/readyz", timeout=30) as answer:
            return json.load(answer)["domains"]["photos"]["version"]

    buffer = io.BytesIO()
    Image.new("RGB", (10, 10), (97, 97, 97)).save(buffer, "PNG")
    content = buffer.getvalue()
    said, _ = package.predict(package.transform.decode(content)[None])
    one = said["shade"][0]
    while _status(f"http://127.0.0.1:{served}/readyz") != 200:
        time.sleep(0.05)
    with Clients(Target(served, "photos", content, {1: one, 2: one[::-1]}), clients) as sending:
        swap(count, (1, 2), put, serving)
    found = figures(sending.asked)
    assert (found["failed"], found["mixed"]) == (0, 0)
    assert found["sound"] >= count
    deadline = time.monotonic() + 30
    while (
        len(rows := read("photos", columns=("version", "predicted"))) < found["sound"] and time.monotonic() < deadline
    ):
        time.sleep(0.2)
    assert len(rows) == found["sound"]
    assert set(zip(rows["version"], rows["predicted"], strict=True)) == {(1, "dark"), (2, "bright")}


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
