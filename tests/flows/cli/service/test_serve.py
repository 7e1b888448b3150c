"""`regraft serve` as a process of its own."""

import http.client
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

from registry.ledger.ledger import Change, Ledger
from serving.log.predictions import read
from settings.machine import load_settings
from tests.disks import fill

REGRAFT = "import sys; from flows.cli import main; sys.argv[0] = 'regraft'; main()"
DOMAIN = (Path(__file__).parents[4] / "domains" / "digits.yaml").read_text()


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command on the test's project."""
    command = [sys.executable, "-c", REGRAFT, "serve", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy())


def test_serve__answers_until_it_is_stopped(registered, own_workshop):
    """It says where it answers, answers, and ends in order, the last rows logged."""
    registered()
    put(None, 1)
    port = free_port()
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
    said, logged = process.communicate(timeout=60)
    assert " POST /v1/{domain}/predict 200 " in logged
    assert f"http://127.0.0.1:{port}/v1/photos/predict" in said
    assert len([*(own_workshop.root / ".regraft" / "predictions").rglob("*.parquet")]) == 1


def test_serve__two_of_one_project(registered, own_workshop):
    """Both answer, follow the ledger and log; one that is killed, or whose shell is, takes nothing of it along."""
    registered(), registered()
    put(None, 1)
    ports = [free_port(), free_port()]
    first = start("photos", "--port", str(ports[0]))
    shell = subprocess.Popen(
        ["bash", "-c", '"$@" & wait', "-", sys.executable, "-c", REGRAFT, "serve", "photos", "--port", str(ports[1])]
    )
    try:
        assert all(_until(lambda port=port: asked(port) == 1) for port in ports)
        (second,) = psutil.Process(shell.pid).children()
        shell.kill()
        put(1, 2)
        assert all(_until(lambda port=port: asked(port) == 2) for port in ports)
        before = len({*_logged()})
        assert _until(lambda: len(_logged()) >= before and {1, 2} == {version for _, version in _logged()})
        first.kill()
        assert [asked(ports[1]) for _ in range(3)] == [2, 2, 2]
    finally:
        first.kill(), first.communicate(timeout=60)
        shell.kill(), shell.wait(60)
        second.send_signal(signal.SIGTERM)
        assert not psutil.wait_procs([second], timeout=60)[1], "told to, it ends in order"
    rows = _logged()
    assert len(rows) == len({*rows}) >= before + 3
    with pytest.raises(OSError, match="refused"):
        asked(ports[1])


def test_serve__disk_of_the_log_fills_up(registered, own_workshop, small_disk, monkeypatch):
    """It answers on and tells of it; once there is room again all that was answered is in the log, once."""
    registered(), put(None, 1)
    disk, port = small_disk("log", 2), free_port()
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", str(disk))
    process = start("photos", "--port", str(port))
    try:
        assert _until(lambda: asked(port) == 1)
        assert _until(lambda: len(_logged()) > 0)
        before, ballast = len(_logged()), fill(disk)
        assert [asked(port) for _ in range(20)] == [1] * 20
        assert _until(lambda: state(port)["log_rows_waiting"] == 20 and "No space left" in state(port)["log_fault"])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert b'regraft_log_fault{domain="photos"} 1.0' in answer.read()
        ballast.unlink()
        assert _until(lambda: len(_logged()) == before + 20)
        assert _until(lambda: state(port)["log_fault"] == "")
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert "photos: the prediction log is not written: " in told
    assert len({*_logged()}) == before + 20


def test_serve__slow_clients_take_no_descriptors(registered, own_workshop, monkeypatch):
    """Of three times as many connections as the process may have files none keeps others from being answered."""
    registered(), put(None, 1)
    port = free_port()
    monkeypatch.setenv("REGRAFT_SERVING__CONNECTIONS", "50")
    command = [sys.executable, "-c", REGRAFT, "serve", "photos", "--port", str(port)]
    process = subprocess.Popen(
        ["bash", "-c", 'ulimit -n 160; exec "$@"', "-", *command], stderr=subprocess.PIPE, text=True
    )
    slow = []
    try:
        assert _until(lambda: asked(port) == 1)
        for _ in range(500):
            slow.append(socket.create_connection(("127.0.0.1", port), timeout=30))
            with suppress(OSError):
                slow[-1].sendall(b"POST /v1/photos/predict HTTP/1.1\r\nHost: ")
        before = len(_logged())
        assert [asked(port) for _ in range(5)] == [1] * 5
        assert psutil.Process(process.pid).num_fds() < 160
        assert _until(lambda: len(_logged()) >= before + 5)
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        for line in slow:
            line.close()
    assert "Too many open files" not in told


def state(port: int) -> dict[str, Any]:
    """What `readyz` tells of `photos`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
        return json.load(answer)["domains"]["photos"]


def put(expected: int | None, to: int) -> None:
    """Makes the project's `photos` have a champion."""
    root = load_settings().root
    (root / "domains").mkdir(exist_ok=True)
    (root / "domains" / "photos.yaml").write_text(DOMAIN)
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=expected, to=to, **facts))


def asked(port: int) -> int:
    """The version that answers a picture."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/photos/predict", data=_picture())
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  -- on this machine
        return json.load(answer)["predictions"][0]["version"]


def _logged() -> list[tuple[str, int]]:
    rows = read("photos", columns=("id", "version"))
    return [*zip(rows["id"], rows["version"], strict=True)]


def _until(found: Callable[[], bool]) -> bool:
    """Whether it comes true within a minute and a half; what cannot be asked yet is not."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with suppress(OSError):
            if found():
                return True
        time.sleep(0.2)
    return False


def test_serve__unknown_domain(project):
    """One line, before anything starts."""
    process = start("nowhere")
    assert "nowhere" in process.communicate(timeout=60)[1].splitlines()[-1]
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "10.0.0.5"], "host 10.0.0.5 is reached from elsewhere, and there is no key that is good; make one"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], "--tls-cert a.pem and --tls-key b.pem: [Errno 2] No such file"),
        (["--tls-cert", "a.pem"], "--tls-cert and --tls-key belong together"),
        (["--port", "taken"], "it cannot listen on 127.0.0.1:"),
    ],
)
def test_serve__does_not_start(project, arguments, said):
    """One line, and nothing listens."""
    (project / "domains" / "photos.yaml").write_text(DOMAIN)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = start("photos", *[port if one == "taken" else one for one in arguments])
        _, told = process.communicate(timeout=90)
    assert said in told.splitlines()[-1], told
    assert process.returncode in {1, 2}
    assert "Traceback" not in told


@pytest.mark.parametrize("port", ["taken", "0"])
def test_serve__port_of_the_settings(project, monkeypatch, port):
    """Where no port is named it is that of the settings; one by which nothing is served must be replaced."""
    (project / "domains" / "photos.yaml").write_text(DOMAIN)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1]) if port == "taken" else port
        monkeypatch.setenv("REGRAFT_SERVING__PORT", number)
        _, told = start("photos").communicate(timeout=90)
    wanted = f"cannot listen on 127.0.0.1:{number};" if port == "taken" else "REGRAFT_SERVING__PORT is 0"
    assert wanted in told.splitlines()[-1]


def test_serve__by_tls(project, tmp_path):
    """It answers by the certificate that it was given, and by nothing else."""
    cert, key = certificate(tmp_path)
    (project / "domains" / "photos.yaml").write_text(DOMAIN)
    port = free_port()
    process = start("photos", "--port", str(port), "--tls-cert", str(cert), "--tls-key", str(key))
    trusted = ssl.create_default_context(cafile=str(cert))
    try:
        until = time.monotonic() + 90
        while not _answers(f"https://localhost:{port}/healthz", trusted) and time.monotonic() < until:
            time.sleep(0.3)
        assert _answers(f"https://localhost:{port}/healthz", trusted)
        assert not _answers(f"http://localhost:{port}/healthz")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    usual = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(*usual))
    return cert, key


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 40).save(buffer, "PNG")
    return buffer.getvalue()


def _answers(address: str, trusted: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2, context=trusted) as answer:  # noqa: S310  -- on this machine
            return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
