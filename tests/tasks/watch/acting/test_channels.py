"""Alerts go through real servers of each kind on this machine."""

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from monitoring.alerts import Alert
from settings.machine import AlertSettings
from tasks.watch.acting import channels as room
from tasks.watch.acting.channels import channels, sent

ALERT = Alert("photos", 3, "rollback", "v3 is worse than v2", "2026-05-01T12:00:00", "k" * 32)


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    """The port of a server that answers in a thread."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def web_server(answers: list[int], got: list[tuple[str, dict]]) -> HTTPServer:
    """A server that answers with these codes in turn, and keeps what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_):
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


def mail_server(got: list[str]) -> socketserver.TCPServer:
    """A server that takes one mail a connection."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    got.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")

    return socketserver.TCPServer(("127.0.0.1", 0), Handler)


def test_channels__only_what_is_set() -> None:
    """Nobody is told where nothing is set."""
    assert channels(AlertSettings()) == {}
    mail = AlertSettings(smtp="smtp://127.0.0.1:25", mail_from="a@b.c", mail_to="d@e.f", block="slack-webhook/ops")
    assert [*channels(mail)] == ["mail", "block"]


def test_webhook__tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that fails once is asked again; the check's key lets it drop what it has."""
    monkeypatch.setattr(room, "PAUSE", 0.0)
    got: list[tuple[str, dict]] = []
    with running(web_server([500, 200], got)) as port:
        ways = channels(AlertSettings(webhook=f"http://127.0.0.1:{port}/hook"))
        assert sent("webhook", ways["webhook"], ALERT)
    assert got == [(ALERT.key, ALERT.payload())] * 2


def test_webhook__never_shows_its_address(monkeypatch, caplog) -> None:
    """After three tries it is given up, and the secret in the address stands in no log."""
    monkeypatch.setattr(room, "PAUSE", 0.0)
    got: list[tuple[str, dict]] = []
    with running(web_server([500] * 3, got)) as port, caplog.at_level(logging.WARNING):
        ways = channels(AlertSettings(webhook=f"http://127.0.0.1:{port}/secret-token"))
        assert not sent("webhook", ways["webhook"], ALERT)
    assert len(got) == 3
    assert "failed: HTTPStatusError" in caplog.text
    assert "secret-token" not in caplog.text


def test_mail__sent() -> None:
    """Sender, receivers, subject and a body that says where to look."""
    got: list[str] = []
    with running(mail_server(got)) as port:
        settings = AlertSettings(
            smtp=f"smtp://127.0.0.1:{port}", mail_from="regraft@example.org", mail_to="a@b.c, d@e.f"
        )
        assert sent("mail", channels(settings)["mail"], ALERT)
    (mail,) = got
    for line in ("Subject: Regraft: photos rollback", "To: a@b.c, d@e.f", "From: regraft@example.org", "v3 is worse"):
        assert line in mail
    assert f"<{ALERT.key}@regraft>" in mail


@pytest.mark.usefixtures("prefect_api")
def test_block__of_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notification block that is saved on the server; a block of another kind is not sent through."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.blocks.system import Secret

    monkeypatch.setattr(room, "PAUSE", 0.0)
    got: list[tuple[str, dict]] = []
    with running(web_server([200], got)) as port:
        CustomWebhookNotificationBlock(
            name="ops", url=f"http://127.0.0.1:{port}", method="POST", json_data={"text": "{{body}}"}
        ).save("ops", overwrite=True)
        settings = AlertSettings(block="custom-webhook/ops")
        assert sent("block", channels(settings)["block"], ALERT)
    assert got[0][1] == {"text": ALERT.body}
    Secret(value="x").save("none", overwrite=True)
    assert not sent("block", channels(AlertSettings(block="secret/none"))["block"], ALERT)
