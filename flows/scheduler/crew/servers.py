"""Which servers a project has: how each starts, where it answers, and whether its port is free."""

import os
import socket
import sys
from pathlib import Path
from typing import NamedTuple

from settings.errors import ConfigError
from settings.machine import Settings

HOST = "127.0.0.1"
PYTHON = sys.executable
_SCRIPTS = Path(sys.executable).parent


class Server(NamedTuple):
    """A server with a web page: how it starts and where it answers."""

    name: str
    port: int
    variable: str
    command: list[str]
    page: str = ""  # what of it opens first; MLflow's own choice is the side of language models
    health: str = ""  # what answers as long as it is well

    @property
    def address(self) -> str:
        """Address of its page."""
        return f"http://{HOST}:{self.port}"


def web_servers(settings: Settings) -> list[Server]:
    """The servers to start: not Prefect or MLflow where they run elsewhere, nor the models where their port is 0."""
    place = ["--host", HOST, "--port"]
    prefect = [PYTHON, "-m", "flows.scheduler.prefect_server", "server", "start", *place, str(settings.prefect_port)]
    mlflow = [str(_SCRIPTS / "mlflow"), "server", "--workers", "1", *place, str(settings.mlflow_port)]
    mlflow += ["--artifacts-destination", settings.artifacts, "--uvicorn-opts", "--log-level=warning"]
    servers = []
    if os.environ.get("PREFECT_API_URL", settings.prefect_api) == settings.prefect_api:
        servers.append(Server("prefect", settings.prefect_port, "REGRAFT_PREFECT_PORT", prefect, health="/api/health"))
    if not settings.tracking_uri.startswith("http"):
        page = "/#/experiments?workflowType=machine_learning"
        servers.append(Server("mlflow", settings.mlflow_port, "REGRAFT_MLFLOW_PORT", mlflow, page, "/health"))
    if settings.serving.port:
        service = [str(_SCRIPTS / "regraft"), "serve", "--port", str(settings.serving.port)]
        servers.append(Server("service", settings.serving.port, "REGRAFT_SERVING__PORT", service, health="/healthz"))
    return servers


def environment(settings: Settings) -> dict[str, str]:
    """The environment of all processes: this project's addresses over what `prepare_environment` set.

    MLflow's store stands here and not on its command line, where everybody on the machine could read a password.
    """
    return {
        **os.environ,
        "PREFECT_API_URL": os.environ.get("PREFECT_API_URL", settings.prefect_api),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_UI_API_URL": settings.prefect_api,
        "MLFLOW_BACKEND_STORE_URI": settings.tracking_uri,
        "PYTHONUNBUFFERED": "1",
    }


def check_ports(servers: list[Server]) -> None:
    """Checks that every port can be bound.

    Raises:
        ConfigError: one is taken, forbidden or wanted twice.
    """
    seen: dict[int, str] = {}
    for server in servers:
        problem = f"{seen[server.port]} uses it too" if server.port in seen else _refusal(server.port)
        if problem:
            raise ConfigError(
                f"port {server.port}, which the {server.name} server needs: {problem}; "
                f"set {server.variable} to a free port, or stop what uses this one (another `regraft up`?)"
            )
        seen[server.port] = server.variable


def _refusal(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
