"""Writes that either happen whole or leave no trace."""

import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import DamagedError, StorageError
from settings.errors import RegraftError

# Which process of which machine writes it, so that what a killed one left is known for litter.
TEMPORARY = re.compile(r"\..+\.(?P<machine>[^.]+)-(?P<process>\d+)-\w{8}\.tmp")
MACHINE = socket.gethostname().partition(".")[0]


@contextmanager
def atomic_path(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Yields a temporary path beside `path` that takes its place once the block ends well.

    The file is flushed to disk before the rename, so a reader or a power cut never meets half of it. What a killed
    process left in that folder goes. `mode` are the rights of the file.

    Raises:
        StorageError: the disk is full or refuses the write; `path` is as it was before.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_litter(path.parent)
        prefix = f".{path.name}.{MACHINE}-{os.getpid()}-"
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except RegraftError:
        raise
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free disk space or check its rights"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path, label: str) -> Iterator[Path]:
    """Yields an empty folder below `parent` that goes when the block ends, unless it was renamed by then.

    What a killed process left in `parent` goes, too.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_litter(parent)
        folder = Path(tempfile.mkdtemp(prefix=f".{label}.{MACHINE}-{os.getpid()}-", suffix=".tmp", dir=parent))
    except OSError as error:
        raise StorageError(
            f"cannot write {parent}: {error.strerror or error}; free disk space or check its rights"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def litter(folder: Path) -> list[Path]:
    """The temporary files and folders in a folder of processes of this machine that run no more."""
    import psutil  # only where something is written

    found = [(path, TEMPORARY.fullmatch(path.name)) for path in folder.iterdir()]
    ours = [(path, int(made["process"])) for path, made in found if made and made["machine"] == MACHINE]
    return [path for path, process in ours if not psutil.pid_exists(process)]


def _remove_litter(folder: Path) -> None:
    for path in litter(folder):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # another process may be at it, too
        else:
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path, remedy: str) -> Any:
    """What a JSON file holds that Regraft wrote.

    Raises:
        DamagedError: it is missing, cut off or altered; the remedy says how it is made anew.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path}: missing or damaged; {remedy}") from error
