"""Ingest: read what is new in a domain's source into its raw manifest; `python -m data.stages.ingest DOMAIN`.

A file whose stamp is unchanged is not read again; raw data are never touched.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from data.config import DataConfig, load_data_config
from data.errors import SourceError
from data.sources.sample import Sample, SampleSource
from data.stages.feedback import sources_of
from data.stores.forgotten import forgotten
from data.stores.manifest import LABEL, SLICE, raw_manifest_path, read_table, write_table
from settings.entry import stage_main
from settings.machine import load_settings

log = logging.getLogger(__name__)
BATCH = 256
FACTS_VERSION = 3  # raise it where the same bytes get other facts, as files of 12 bits in 16 did: refused as flat
Progress = Callable[[int, int], None]
Row = dict[Any, Any]
Known = dict[tuple[str, str], Row]


@dataclass(frozen=True)
class IngestReport:
    """What one ingest found; `notices` say what of the source is left out."""

    samples: int
    read: int
    gone: int
    notices: tuple[str, ...]


def ingest(
    root: Path,
    name: str,
    config: DataConfig,
    progress: Progress = lambda done, total: None,
    withheld: AbstractSet[str] = frozenset(),
) -> IngestReport:
    """Brings the raw manifest up to date with the source and the feedback labels.

    Samples whose hashes are `withheld` are left out as long as they are.

    Raises:
        SourceError: the source is missing or has no samples.
        StorageError: the manifest cannot be written.
    """
    path = raw_manifest_path(root, name)
    known = _known(path)
    found = [
        (kind, source, sample)
        for kind, source in sources_of(config, name)
        for sample in source.samples(root, config.headline)
    ]
    if not found:
        raise SourceError(
            f"the source of {name!r} has no samples; put files there or correct data.source in domains/{name}.yaml"
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    reader = _Reader(root, config, known, now)
    with ThreadPoolExecutor(load_settings().cores) as pool:
        rows = list(_counted(reader.rows(pool, found), len(found), progress))
    rows = _without_forgotten(rows, forgotten(root, name))
    kept = [row for row in rows if row["hash"] not in withheld]
    notices = (*config.source.notices(root), *_notice(name, len(rows) - len(kept)))
    for notice in notices:
        log.warning("ingest %s: %s", name, notice)
    rows = kept
    write_table(path, pd.DataFrame(rows))
    report = IngestReport(len(rows), reader.read, len(known.keys() - {_key(row) for row in rows}), notices)
    log.info("ingest %s: %d samples, %d read, %d gone", name, report.samples, report.read, report.gone)
    return report


class _Reader:
    """Turns samples into manifest rows and remembers how many files it had to read."""

    def __init__(self, root: Path, config: DataConfig, known: Known, now: str) -> None:
        self.root, self.known, self.now = root, known, now
        self.task, self.spec, self.bounds = config.headline, config.transform, config.expectations
        self.read = 0

    def rows(self, pool: ThreadPoolExecutor, found: list[tuple[str, SampleSource, Sample]]) -> Iterator[dict[str, Any]]:
        """Manifest rows in the order of the samples; batches bound what is in memory at once."""
        for start in range(0, len(found), BATCH):
            yield from pool.map(lambda item: self._row(*item), found[start : start + BATCH])

    def _row(self, kind: str, source: SampleSource, sample: Sample) -> dict[str, Any]:
        mark = source.stamp(self.root, sample.path)
        # A file is read again once the limit is another, or what is told of the same bytes.
        stamp = f"{mark}/{self.bounds.limit}/{FACTS_VERSION}{self.spec.reading}" if mark else ""
        row = self.known.get((kind, sample.path))
        if row is None or not stamp or row["stamp"] != stamp:
            self.read += 1
            row = {"time": self.now, **self._content(source, sample.path)}
        return {
            "source": kind,
            "path": sample.path,
            "stamp": stamp,
            **_described(sample, self.task, row["hash"]),
            **{name: row[name] for name in ("time", "error", *self.bounds.facts)},
        }

    def _content(self, source: SampleSource, path: str) -> dict[str, Any]:
        try:
            content = source.read(self.root, path)
        except SourceError as error:
            nothing = self.spec.facts(b"", self.bounds.limit)
            return {"hash": hashlib.sha256(path.encode()).hexdigest(), **nothing, "error": str(error)}
        return {"hash": hashlib.sha256(content).hexdigest(), **self.spec.facts(content, self.bounds.limit)}


def _described(sample: Sample, task: str, digest: str) -> dict[str, Any]:
    """What the source says of a sample; a sample without a group is a group of its own."""
    return {
        "hash": digest,
        LABEL + task: sample.labels.get(task),
        "group": sample.group or digest,
        "weight": sample.weight,
        "split": sample.split,
        **{SLICE + name: value for name, value in sample.slices.items()},
    }


def _without_forgotten(rows: list[Row], hashes: set[str]) -> list[Row]:
    """The rows of samples that nobody asked to have erased."""
    kept = [row for row in rows if row["hash"] not in hashes]
    if dropped := [row["path"] for row in rows if row["hash"] in hashes]:
        log.warning("%d samples were forgotten on request and stay out; delete their files: %s", len(dropped), dropped)
    return kept


def _notice(name: str, count: int) -> list[str]:
    """What to say of samples that are withheld."""
    remedy = f"`regraft alerts {name} --release` lets them in"
    return [f"{count} samples of the traffic that led to a rollback stay out; {remedy}"] if count else []


def _key(row: Row) -> tuple[str, str]:
    return row["source"], row["path"]


def _known(path: Path) -> Known:
    if not path.exists():
        return {}
    return {_key(row): row for row in read_table(path).to_dict("records")}


def _counted(rows: Iterator[dict[str, Any]], total: int, progress: Progress) -> Iterator[dict[str, Any]]:
    for done, row in enumerate(rows, 1):
        if done % 64 == 0 or done == total:
            progress(done, total)
        yield row


def main(name: str) -> None:
    """Ingests one domain."""
    root = load_settings().root
    ingest(root, name, load_data_config(root, name))


if __name__ == "__main__":
    stage_main(main)
