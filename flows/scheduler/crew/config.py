"""What supervisord is told: which processes there are, how each ends and starts again, and where it writes."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from configparser import ConfigParser
from contextlib import suppress
from pathlib import Path

from data.stores.atomic import write_text
from settings.errors import ConfigError
from settings.machine import Settings

# Who ends within 30 seconds has not started, and waits a second longer at each further try; nobody is given up: what is
# away for a night is there again in the morning. From SIGTERM to SIGKILL a fit has time to keep what it has reached.
_RULES = {"started": 30, "tries": 1_000_000, "patience": 15, "size": "10MB", "copies": 3}


def run_folder(settings: Settings) -> Path:
    """Where the crew's own files lie."""
    return settings.home / "run"


def log_file(settings: Settings, name: str) -> Path:
    """What a process wrote."""
    return settings.home / "logs" / f"{name}.log"


def write_config(settings: Settings, commands: Mapping[str, list[str]]) -> None:
    """Writes who belongs to the crew. No secret stands in it: processes inherit their environment.

    Commands lie beside supervisord's own file, in which a path with a blank and a `#` would begin a comment.

    Raises:
        ConfigError: there is no safe place for the crew's socket.
    """
    folder = run_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    log_file(settings, "any").parent.mkdir(exist_ok=True)
    write_text(folder / "commands.json", json.dumps(commands))
    sections = [_HEAD.format(socket=_new_socket(settings))]
    sections += [_PROGRAM.format(name=name, order=order, **_RULES) for order, name in enumerate(commands)]
    write_text(config_file(settings), "\n".join(sections))


def config_file(settings: Settings) -> Path:
    """Supervisord's configuration."""
    return run_folder(settings) / "supervisord.conf"


def read_command(settings: Settings, name: str) -> list[str]:
    """How a process of the crew starts."""
    commands = json.loads((run_folder(settings) / "commands.json").read_text(encoding="utf-8"))
    found: list[str] = commands[name]
    return found


def socket_path(settings: Settings) -> str | None:
    """Where supervisord answers; None: no crew has ever been started here."""
    known = ConfigParser(interpolation=None)
    known.read(config_file(settings), encoding="utf-8")
    return known.get("unix_http_server", "file", fallback=None)


def _new_socket(settings: Settings) -> Path:
    """A path for the socket that is short enough for one, in a folder that only its owner can look into."""
    folder = Path(tempfile.gettempdir()) / f"regraft-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.stat(follow_symlinks=False)
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ConfigError(f"{folder} belongs to somebody else or is open to others; remove it, or set TMPDIR")
    return folder / f"{hashlib.sha256(os.fsencode(settings.home.resolve())).hexdigest()[:16]}.sock"


_HEAD = """[unix_http_server]
file={socket}
chmod=0600

[supervisord]
nodaemon=true
silent=true
logfile=%(here)s/supervisord.log
pidfile=%(here)s/supervisord.pid

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """[program:{name}]
command=python -m flows.scheduler.crew.member {name}
priority={order}
autorestart=true
startsecs={started}
startretries={tries}
stopwaitsecs={patience}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=%(here)s/../logs/{name}.log
stdout_logfile_maxbytes={size}
stdout_logfile_backups={copies}
"""
