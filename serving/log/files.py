"""Append-only Parquet: files `<UTC time>-<uuid>.parquet`, the uuid made of the first 128 bits of SHA-256 of the bytes.

So any later change to a file shows when it is read, and names sort as the files were written.
"""

import hashlib
import io
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.parquet import read_parquet
from data.stores.atomic import atomic_path
from serving.errors import PredictionLogError


def write_file(folder: Path, time: str, table: pa.Table) -> Path:
    """Writes one new file, whole or not at all, and returns its path.

    Raises:
        StorageError: the disk is full or refuses the write.
    """
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    content = buffer.getvalue()
    path = folder / f"{time}-{_fingerprint(content)}.parquet"
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def read_file(path: Path) -> pa.Table:
    """Reads one file after checking its bytes against its name.

    Raises:
        PredictionLogError: the file is not what was written.
    """
    content = path.read_bytes()
    if not path.stem.endswith(_fingerprint(content)):
        raise PredictionLogError(
            f"prediction log file {path} is not what was written (its bytes do not match its name); "
            "restore it from a backup or move it out of the folder"
        )
    try:
        return read_parquet(io.BytesIO(content))
    except (pa.ArrowException, ValueError) as error:
        raise foreign(path) from error


def foreign(path: Path) -> PredictionLogError:
    """The error of a file that is none of ours."""
    return PredictionLogError(
        f"prediction log file {path} holds other columns than this release writes; move it out of the folder"
    )


def stamp(time: datetime) -> str:
    """A time as file names begin."""
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _fingerprint(content: bytes) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(content).digest()[:16]))
