"""`regraft serve` as a process of its own."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image

from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings

REGRAFT = "import sys; from flows.cli import main; sys.argv[0] = 'regraft'; main()"
DOMAIN = (Path(__file__).parents[3] / "domains" / "digits.yaml").read_text()


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command on the test's project."""
    command = [sys.executable, "-c", REGRAFT, "serve", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy())


def test_serve__answers_until_it_is_stopped(registered, own_workshop):
    """It says where it answers, answers, and ends in order, the last rows logged."""
    registered()
    (own_workshop.root / "domains").mkdir(exist_ok=True)
    (own_workshop.root / "domains" / "photos.yaml").write_text(DOMAIN)
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=1, **facts))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("photos", "--port", str(port))
    try:
        deadline, ready = time.monotonic() + 90, False
        while not ready and time.monotonic() < deadline:
            time.sleep(0.3)
            ready = _answers(f"http://127.0.0.1:{port}/readyz")
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/photos/predict", data=_picture())
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            assert b'"version":1' in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert f"http://127.0.0.1:{port}/v1/photos/predict" in said
    assert len([*(own_workshop.root / ".regraft" / "predictions").rglob("*.parquet")]) == 1


def test_serve__unknown_domain(project):
    """One line, before anything starts."""
    process = start("nowhere")
    assert "nowhere" in process.communicate(timeout=60)[1].splitlines()[-1]
    assert process.returncode == 1


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 40).save(buffer, "PNG")
    return buffer.getvalue()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310  -- on this machine
            return answer.status == 200
    except OSError:
        return False
