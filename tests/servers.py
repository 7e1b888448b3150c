"""PostgreSQL and S3 as a project that has outgrown one machine uses them; a plugin of tests/conftest.py."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from sqlalchemy import create_engine, text

from flows.scheduler.embedded import postgres, s3
from flows.scheduler.embedded.profile import EMBEDDED, addresses

PATIENCE = 90.0


@dataclass(frozen=True)
class Servers:
    """Both servers: the environment that leads to them, and what of it is secret."""

    env: dict[str, str]
    processes: "dict[str, subprocess.Popen[bytes]]"

    @property
    def secrets(self) -> list[str]:
        """The passwords."""
        password = self.env["REGRAFT_LEDGER_URL"].split(":")[2].split("@")[0]
        return [password, self.env["AWS_SECRET_ACCESS_KEY"]]

    def bucket(self) -> Any:
        """The bucket, with every object in it."""
        keys = {"aws_access_key_id": "AWS_ACCESS_KEY_ID", "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY"}
        given = {name: self.env[variable] for name, variable in keys.items()}
        given |= {"endpoint_url": self.env["AWS_ENDPOINT_URL"], "region_name": "us-east-1"}
        return boto3.resource("s3", **given).Bucket(s3.BUCKET)


@pytest.fixture(scope="session")
def both_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A PostgreSQL and an S3 server, as `regraft up --profile postgres,s3` starts them."""
    root = tmp_path_factory.mktemp("servers")
    env = {name: _moved(value) for name, value in addresses(EMBEDDED).items()}
    whole = {**os.environ, **env, "REGRAFT_ROOT": str(root)}
    started = {
        module.__name__: subprocess.Popen([sys.executable, "-m", module.__name__], env=whole, cwd=Path.cwd())
        for module in (postgres, s3)
    }
    found = Servers(env, started)
    try:
        _wait(found)
        yield found
    finally:
        started[postgres.__name__].send_signal(signal.SIGINT)  # on SIGTERM it would wait for its clients
        started[s3.__name__].terminate()
        for process in started.values():
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Waits as long as a supervisor does; SeaweedFS may wait for itself, and what it stored is on the disk by then."""
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        parent = psutil.Process(process.pid)
        for one in [*parent.children(recursive=True), parent]:
            one.kill()
        process.wait()


@pytest.fixture
def outgrown(both_servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """The environment in which all state lies on these servers."""
    for name, value in both_servers.env.items():
        monkeypatch.setenv(name, value)
    return both_servers


def _moved(value: str) -> str:
    """An address at ports of this session's own: the usual ones may be in use."""
    return value.replace(":5433/", f":{PORTS}/").replace(":8333", f":{PORTS + 1}")


def _free() -> int:
    """The first of five ports in a row that nobody uses, nor those 10,000 above."""
    for first in range(21000 + os.getpid() % 1000 * 10, 40000, 10):
        if all(_is_free(port + above) for port in range(first, first + 5) for above in (0, 10000)):
            return first
    raise AssertionError


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


PORTS = _free()


def _wait(servers: Servers) -> None:
    engine = create_engine(servers.env["REGRAFT_LEDGER_URL"].replace("postgresql:", "postgresql+pg8000:"))
    deadline = time.monotonic() + PATIENCE
    while True:
        assert all(process.poll() is None for process in servers.processes.values())
        try:
            with engine.connect() as connection:
                connection.execute(text("select 1"))
            servers.bucket().put_object(Key="answers", Body=b"")
        except Exception:  # noqa: BLE001  -- each says in its own words that it has not started yet
            assert time.monotonic() < deadline, "the servers do not start"
            time.sleep(0.5)
        else:
            engine.dispose()
            return
