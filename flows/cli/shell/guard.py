"""What surrounds a flow in a terminal: it starts only where it can end, and leaves no process behind."""

import atexit
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flows.cli.shell.server import none_is_told
from flows.process.watcher import tell, watch
from settings.errors import ConfigError, RegraftError
from settings.machine import load_settings
from settings.signals import exit_on_sigterm

LEAST_BYTES = 200 * 2**20


@contextmanager
def guarded() -> Iterator[None]:
    """Runs a flow so that SIGTERM is an exit, and that what it started ends with this process, even after a kill -9.

    Raises:
        ConfigError: the machine has no room, or the Prefect server that is asked for does not answer.
        RegraftError: the Prefect server went away meanwhile.
    """
    from httpx import TransportError  # Prefect's, which only a flow loads

    _require_room()
    _require_server()
    watcher = watch()
    try:
        with exit_on_sigterm():  # Prefect stops its server, and the fit keeps what it has reached
            yield
    except TransportError as error:
        atexit.register(tell, watcher)
        raise RegraftError(f"the Prefect server went away ({error}); run the same command again, it goes on") from error
    except Exception:
        atexit.register(tell, watcher)
        raise
    atexit.register(tell, watcher)  # after an interrupt it is told nothing and clears up


def _require_room() -> None:
    """Raises ConfigError where databases could not be written or grow: of what follows from that none says why."""
    home = load_settings().home
    if home.exists() and not os.access(home, os.W_OK):
        raise ConfigError(f"{home}: cannot be written to; nothing was begun, check its rights and try again")
    free = min(shutil.disk_usage(home).free, _largest_file())
    if free < LEAST_BYTES:
        kind = "free on its disk" if free == shutil.disk_usage(home).free else "allowed a file (ulimit -f)"
        least = f"at least {LEAST_BYTES // 2**20} MB are needed"
        raise ConfigError(f"{home}: {free / 2**20:.0f} MB {kind}, {least}; nothing was begun, free some and try again")


def _largest_file() -> float:
    with suppress(ImportError):  # Windows knows no such limit
        import resource

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        return float("inf") if limit == resource.RLIM_INFINITY else limit
    return float("inf")


def _require_server() -> None:
    """Raises ConfigError where a Prefect server is set that does not answer."""
    if none_is_told():
        return  # and Prefect need not be loaded yet
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    address = PREFECT_API_URL.value()
    if not address:
        return  # Prefect starts one for this command
    with get_client(sync_client=True) as client:
        fault = client.api_healthcheck()
    if fault is not None:
        shown = re.sub(r"//[^/\s]*@", "//", f"PREFECT_API_URL={address}: no Prefect server answers there ({fault})")
        raise ConfigError(f"{shown}; start it with `regraft up`, or unset PREFECT_API_URL")
