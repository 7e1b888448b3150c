"""A Prefect server for one command where none runs, begun before the command's own libraries are loaded.

Prefect would start one itself, but wait for it and load the server's code into the command as well: three seconds of
computing more, and all of it one after the other.
"""

import atexit
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

from flows.process.environment import answers
from settings.errors import RegraftError
from settings.machine import TEMPORARY_SERVER, load_settings

PATIENCE = 180.0
# As Prefect starts its own; the database has been checked by the time that the address answers.
COMMAND = ["-m", "uvicorn", "--factory", "flows.scheduler.prefect_server:create_app", "--log-level", "error"]
EPHEMERAL = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
TOLD = {
    "PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",
    "PREFECT_SERVER_EPHEMERAL_ENABLED",
}  # fmt: skip
# What a flow imports last and longest, and MLflow's database; the server takes the other core meanwhile.
LATER = ("mlflow", "registry.store.client:open_store", "torch", "timm")
NAMES_PREFECT = re.compile(r"\bPREFECT_|tool\.prefect")  # not our own REGRAFT_PREFECT_PORT


def none_is_told() -> bool:
    """Whether no setting names a server, so that Prefect would start one, and Prefect can still be told of another."""
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    files = (home / "profiles.toml", Path("prefect.toml"))
    texts = [path.read_text("utf-8", "replace") for path in (Path(".env"), Path("pyproject.toml")) if path.exists()]
    own = any(map(NAMES_PREFECT.search, texts))
    return (
        "prefect" not in sys.modules and not (TOLD & os.environ.keys()) and not own and not any(map(Path.exists, files))
    )


class TemporaryServer:
    """A server that ends with this command; Prefect and child processes find its address in the environment."""

    def __init__(self) -> None:
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}/api"
        self.process = subprocess.Popen(
            [sys.executable, *COMMAND, "--host", "127.0.0.1", "--port", str(port), "--lifespan", "on"],
            env={**os.environ, **EPHEMERAL},
        )
        atexit.register(self.stop)
        # Links lead to the pages of `regraft up`, which show this run, too: the database is the same.
        pages = load_settings().prefect_api.removesuffix("/api")
        os.environ.update({"PREFECT_API_URL": self.address, "PREFECT_UI_URL": pages, TEMPORARY_SERVER: "1"})

    def wait(self) -> None:
        """Returns once it answers.

        Raises:
            RegraftError: it ended, or did not answer in time.
        """
        deadline, later = time.monotonic() + PATIENCE, iter(LATER)
        while not answers(f"{self.address}/health"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                code = self.process.returncode
                state = f"did not answer within {PATIENCE:.0f} s" if code is None else f"ended with code {code}"
                raise RegraftError(f"Prefect's temporary server {state}; run the same command again, or `regraft up`")
            _load(next(later, None))

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
            return
        self.process.kill()
        self.process.wait()


def _load(name: str | None) -> None:
    """Imports what the command will need, or calls it, since there is nothing else to do; without a name, a pause."""
    found = resolve_name(name) if name else partial(time.sleep, 0.05)
    if callable(found):
        found()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
