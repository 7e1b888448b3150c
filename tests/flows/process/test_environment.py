"""What every library finds in the environment."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest import mock

import pytest

from flows.process.environment import QUIET, prepare_environment


@pytest.fixture(autouse=True)
def _own_environment(project, monkeypatch):
    """Whatever a test sets is gone after it."""
    with mock.patch.dict(os.environ):
        for name in (*QUIET, "PREFECT_API_URL", "PREFECT_HOME"):
            os.environ.pop(name, None)
        yield


class Healthy(BaseHTTPRequestHandler):
    """Answers 200 and where its home is to everything."""

    home = ""

    def do_GET(self):
        """Answers."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"home": self.home}).encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def server(project, monkeypatch):
    """A server on the project's Prefect port."""
    monkeypatch.setattr(Healthy, "home", str(project / ".regraft" / "prefect"))
    (project / ".regraft" / "prefect").mkdir(parents=True)
    with HTTPServer(("127.0.0.1", 0), Healthy) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        monkeypatch.setenv("REGRAFT_PREFECT_PORT", str(found.server_port))
        yield f"http://127.0.0.1:{found.server_port}/api"
        found.shutdown()


def test_prepare_environment__quiet_and_at_home(project, monkeypatch):
    """Telemetry is off, no pickle is read, Prefect lives in the project."""
    monkeypatch.setenv("REGRAFT_PREFECT_PORT", "9")
    prepare_environment()
    assert {name: os.environ[name] for name in QUIET} == QUIET
    assert os.environ["PREFECT_HOME"] == str(project / ".regraft" / "prefect")
    assert "PREFECT_API_URL" not in os.environ


def test_prepare_environment__leaves_what_is_set(monkeypatch):
    """A user's own setting stays."""
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "9")
    prepare_environment()
    assert (os.environ["PREFECT_HOME"], os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]) == ("/elsewhere", "9")


def test_prepare_environment__running_server(server):
    """A server that runs is used."""
    prepare_environment()
    assert os.environ["PREFECT_API_URL"] == server


def test_prepare_environment__server_of_the_users_own(server, monkeypatch):
    """An address that is set wins over one that answers."""
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example.org/api")
    prepare_environment()
    assert os.environ["PREFECT_API_URL"] == "http://prefect.example.org/api"


def test_prepare_environment__server_of_another_project(server, tmp_path_factory, monkeypatch):
    """What answers on the default port may be another project's; its runs and schedules are not ours."""
    monkeypatch.setattr(Healthy, "home", str(tmp_path_factory.mktemp("another")))
    prepare_environment()
    assert "PREFECT_API_URL" not in os.environ
