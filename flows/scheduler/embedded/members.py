"""The servers of a project's own within its crew: how they start, where they listen, and who has to wait for them."""

import os
import socket
import sys
import time
from urllib.parse import urlsplit

from sqlalchemy import make_url

from settings.errors import ConfigError
from settings.machine import Settings

HOST = "127.0.0.1"
PATIENCE = 120.0  # seconds


def embedded_commands(settings: Settings) -> dict[str, list[str]]:
    """How each of them starts."""
    return {name: [sys.executable, "-m", f"flows.scheduler.embedded.{name}"] for name in settings.embedded}


def check_embedded(settings: Settings) -> None:
    """Raises ConfigError where another program listens on a port of theirs."""
    for name, port in _ports(settings).items():
        if _listens(port):
            raise ConfigError(f"port {port}, which the {name} server needs, is in use; change it where .env names it")


def wait_for_embedded(settings: Settings) -> None:
    """Returns once all of them listen, or patience is over: who needs them then says so."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(map(_listens, _ports(settings).values())):
        time.sleep(0.2)


def _ports(settings: Settings) -> dict[str, int]:
    known = {
        "postgres": make_url(settings.ledger).port or 5432,
        "s3": urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).port or 8333,
    }
    return {name: known[name] for name in settings.embedded}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
