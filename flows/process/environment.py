"""The environment that every library must find before it is imported: telemetry off, one home, no pickle."""

import json
import logging
import os
import socket
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from settings.machine import Settings, load_settings

QUIET = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "data,lightning_modules,evaluation,registry,monitoring,serving,tasks,flows",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # what the scheduler itself says belongs to no run
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # SQLite under load: wait for its lock rather than fail.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # of the seven by default a server that is down takes four minutes to tell
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # a model's requirements are its own, not those of the folder it was trained in
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "EVIDENTLY_DISABLE_TELEMETRY": "1",
}


def prepare_environment() -> Settings:
    """Sets what is not set yet, and points Prefect at the running server of this project if there is one.

    A server of another project, which has the same default port, is left alone: its runs and schedules are its own.
    Without a server each command runs Prefect's API within itself, on the same database.
    """
    settings = load_settings()
    for name, value in dotenv_values(".env").items():  # also what other programs read, such as AWS_ACCESS_KEY_ID
        if value is not None and not name.startswith("REGRAFT_"):  # these are read anew wherever they count
            os.environ.setdefault(name, value)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(settings.home / "prefect"))
    os.environ.setdefault("REGRAFT_ROOT", str(settings.root))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for room in QUIET["PREFECT_LOGGING_EXTRA_LOGGERS"].split(","):
        logging.getLogger(room).setLevel(logging.INFO)
    address = settings.prefect_api
    if "PREFECT_API_URL" not in os.environ and answers(f"{address}/health") and _is_ours(address):
        os.environ["PREFECT_API_URL"] = address
    return settings


def answers(address: str) -> bool:
    """Whether an HTTP address on this machine answers with success."""
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310  -- an address on this machine
            return bool(answer.status == 200)
    except OSError:
        return False


def shown_at(page: str) -> str:
    """The address of a page on this machine, and who shows it where nothing listens there."""
    address = urlsplit(page)
    if address.hostname != "127.0.0.1":
        return page
    try:
        socket.create_connection((address.hostname, address.port or 80), timeout=1).close()
    except OSError:
        return f"{page} (`regraft up` shows it)"
    return page


def _is_ours(address: str) -> bool:
    """Whether a Prefect server keeps what it knows in the home that this project's commands use."""
    try:
        with urllib.request.urlopen(f"{address}/admin/settings", timeout=5) as answer:  # noqa: S310  -- this machine
            return Path(json.load(answer)["home"]).samefile(os.environ["PREFECT_HOME"])
    except (OSError, ValueError, LookupError, TypeError):  # it tells nothing without a password, which is set for ours
        return "PREFECT_API_AUTH_STRING" in os.environ
