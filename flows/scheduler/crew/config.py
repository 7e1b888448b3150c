"""What supervisord is told: which processes there are, how each ends and starts again, and where it writes."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from data.stores.atomic import write_text
from settings.errors import ConfigError
from settings.machine import Settings

LOCK = "regraft up"  # who holds it keeps the crew; no domain's name has a blank
FOLDER = "REGRAFT_UP_FOLDER"  # from which folder the crew was started; supervisord itself works in the run folder
SOCKETS = Path("/tmp")  # noqa: S108  -- not TMPDIR, which another shell may have set otherwise
# Who ends within 30 seconds has not started, and waits a second longer at each further try; nobody is given up: what is
# away for a night is there again in the morning. From SIGTERM to SIGKILL a fit has time to keep what it has reached.
_SIGNALS = {"postgres": "INT"}  # on SIGTERM it would wait for everybody who is connected
_RULES = {"started": 30, "tries": 1_000_000, "patience": 15, "size": "10MB", "copies": 3}


def run_folder(settings: Settings) -> Path:
    """Where the crew's own files lie."""
    return settings.home / "run"


def log_file(settings: Settings, name: str) -> Path:
    """What a process wrote."""
    return settings.home / "logs" / f"{name}.log"


def write_config(settings: Settings, commands: Mapping[str, list[str]]) -> None:
    """Writes who belongs to the crew; call it only while holding LOCK, for it is that of the crew that runs.

    No secret stands in it: processes inherit their environment. Nor does a path of the project, of which a `%` would
    be an expansion and a `#` a comment: supervisord works in the run folder, and commands lie beside its file.

    Raises:
        ConfigError: there is no safe place for the crew's socket.
    """
    folder = run_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    log_file(settings, "any").parent.mkdir(exist_ok=True)
    _make_private(socket_path(settings).parent)
    write_text(folder / "commands.json", json.dumps(commands))
    sections = [_HEAD.format(socket=socket_path(settings))]
    sections += [
        _PROGRAM.format(name=name, order=order, signal=_SIGNALS.get(name, "TERM"), **_RULES)
        for order, name in enumerate(commands)
    ]
    write_text(config_file(settings), "\n".join(sections))


def config_file(settings: Settings) -> Path:
    """Supervisord's configuration."""
    return run_folder(settings) / "supervisord.conf"


def read_command(settings: Settings, name: str) -> list[str]:
    """How a process of the crew starts."""
    commands = json.loads((run_folder(settings) / "commands.json").read_text(encoding="utf-8"))
    found: list[str] = commands[name]
    return found


def socket_path(settings: Settings) -> Path:
    """Where supervisord answers: short enough for a socket, and the same in every shell."""
    name = hashlib.sha256(os.fsencode(settings.home.resolve())).hexdigest()[:16]
    return SOCKETS / f"regraft-{os.getuid()}" / f"{name}.sock"


def _make_private(folder: Path) -> None:
    """Makes a folder that only its owner can look into."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.stat(follow_symlinks=False)
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ConfigError(f"{folder} belongs to somebody else or is open to others, who could answer there; remove it")


_HEAD = """[unix_http_server]
file={socket}
chmod=0600

[supervisord]
nodaemon=true
silent=true
logfile=supervisord.log
pidfile=supervisord.pid

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """[program:{name}]
command=python -m flows.scheduler.crew.member {name}
priority={order}
autorestart=true
startsecs={started}
startretries={tries}
stopsignal={signal}
stopwaitsecs={patience}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=../logs/{name}.log
stdout_logfile_maxbytes={size}
stdout_logfile_backups={copies}
"""
