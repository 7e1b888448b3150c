"""What another version says of samples that were answered before, where their content can still be had."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from data.errors import SampleError
from data.specs.spec import Array
from registry.package.package import Package
from serving.engine.batcher import each_said
from serving.errors import ModelFaultError
from serving.log.inputs import kept_inputs
from settings.machine import load_settings

BATCH = 32


def rescored(domain: str, package: Package, version: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the log as the version would have written them: `predicted` or `error`; all else is as it was.

    Args:
        domain: whose log.
        package: of the version.
        version: its number.
        rows: of the log, with columns hash and path. A sample whose file has changed or is gone, and whose input was
            not kept, is left out.

    Raises:
        PredictionLogError: a file of kept inputs is not what was written, or has another key.
    """
    said: dict[str, tuple[str | None, str | None]] = {}
    for batch in _batches(contents_of(domain, rows), BATCH):
        said |= _said(package, batch)
    kept = rows[rows["hash"].isin(said.keys())]
    answers = [said[digest] for digest in kept["hash"]]
    return kept.assign(
        version=version,
        predicted=pd.Series([predicted for predicted, _ in answers], kept.index, dtype=object),
        error=pd.Series([error for _, error in answers], kept.index, dtype=object),
    )


def contents_of(domain: str, rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Hash and bytes of each sample whose content can still be had, once."""
    wanted = dict(zip(rows["hash"].dropna(), rows.loc[rows["hash"].notna(), "path"], strict=True))
    missing = set(wanted)
    for digest, path in wanted.items():
        content = _file(path)
        if content is not None and hashlib.sha256(content).hexdigest() == digest:
            missing.discard(digest)
            yield digest, content
    if missing and load_settings().inputs_key:
        yield from _once(kept_inputs(domain, missing))


def _once(found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for digest, content in found:
        if digest not in seen:
            seen.add(digest)
            yield digest, content


def _file(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _batches(found: Iterator[tuple[str, bytes]], size: int) -> Iterator[dict[str, bytes]]:
    batch: dict[str, bytes] = {}
    for digest, content in found:
        batch[digest] = content
        if len(batch) == size:
            yield batch
            batch = {}
    if batch:
        yield batch


def _said(package: Package, batch: dict[str, bytes]) -> dict[str, tuple[str | None, str | None]]:
    """Prediction and error of each content, of which one is None."""
    arrays: dict[str, Array] = {}
    said: dict[str, tuple[str | None, str | None]] = {}
    for digest, content in batch.items():
        try:
            arrays[digest] = package.transform.spec.decode(content)
        except (SampleError, ValueError, OSError) as error:
            said[digest] = None, str(error)
    for digest, answer in zip(arrays, each_said(package, list(arrays.values())), strict=True):
        said[digest] = (None, str(answer)) if isinstance(answer, ModelFaultError) else (answer.predicted, None)
    return said
