"""Which servers are started where, and that a taken port is told before anything starts."""

import socket
from collections.abc import Iterator

import pytest

from flows.scheduler.crew.servers import check_ports, environment, web_servers
from settings.errors import ConfigError
from settings.machine import ServingSettings, Settings

SERVING = ServingSettings(port=14292)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on, on all interfaces."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104  -- the check must see a listener elsewhere than on 127.0.0.1
        listener.listen()
        yield listener.getsockname()[1]


def settings(tmp_path, **given) -> Settings:
    """Settings of a project in a temporary folder, on ports that nobody uses."""
    return Settings(root=tmp_path, **{"prefect_port": 14293, "mlflow_port": 14294, "serving": SERVING, **given})


def test_web_servers__all_local(tmp_path):
    """Every server binds to this machine only, MLflow with one worker."""
    servers = web_servers(settings(tmp_path))
    assert [server.name for server in servers] == ["prefect", "mlflow", "service"]
    assert all("--host 127.0.0.1" in " ".join(server.command) for server in servers[:2])
    assert servers[2].command[-2:] == ["--port", "14292"]
    assert "--workers 1" in " ".join(servers[1].command)


def test_web_servers__mlflow_runs_elsewhere(tmp_path):
    """A tracking server of somebody else is used, not started."""
    servers = web_servers(settings(tmp_path, mlflow_uri="https://mlflow.example.org"))
    assert [server.name for server in servers] == ["prefect", "service"]


def test_web_servers__no_service(tmp_path):
    """Port 0 says that the models are served elsewhere, or not at all."""
    servers = web_servers(settings(tmp_path, serving=ServingSettings(port=0)))
    assert [server.name for server in servers] == ["prefect", "mlflow"]


def test_environment__points_at_own_servers(tmp_path):
    """The UI and all clients use the configured port, and the store's URL stands on no command line."""
    given = settings(tmp_path, mlflow_uri="postgresql://user:secret@db/mlflow")
    env = environment(given)
    assert env["PREFECT_API_URL"] == env["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:14293/api"
    assert env["MLFLOW_BACKEND_STORE_URI"] == given.tracking_uri
    assert not any("secret" in part for server in web_servers(given) for part in server.command)


def test_check_ports__free(tmp_path):
    """Two free ports pass."""
    check_ports(web_servers(settings(tmp_path)))


@pytest.mark.parametrize(("field", "name"), [("prefect_port", "prefect"), ("mlflow_port", "mlflow")])
def test_check_ports__busy(tmp_path, taken, field, name):
    """The message names the port, who needs it and the variable to change."""
    pattern = f"port {taken}, which the {name} server needs.*REGRAFT_{name.upper()}_PORT"
    with pytest.raises(ConfigError, match=pattern):
        check_ports(web_servers(settings(tmp_path, **{field: taken})))


def test_check_ports__wanted_twice(tmp_path):
    """Both servers on one port is an error before either starts."""
    with pytest.raises(ConfigError, match="REGRAFT_PREFECT_PORT uses it too"):
        check_ports(web_servers(settings(tmp_path, mlflow_port=14293)))
