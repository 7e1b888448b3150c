"""Labels that come back from production: tables below data/feedback/DOMAIN, read besides the domain's own source."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from data.config import DataConfig
from data.errors import SourceError
from data.sources import TableSource
from data.sources.reading import cell_text, read_table
from data.sources.sample import SampleSource, read_file
from data.sources.table import sample_address
from data.stores.atomic import write_text


def sources_of(config: DataConfig, name: str) -> list[tuple[str, SampleSource]]:
    """The domain's own source and its feedback tables, by the names that the manifest uses for them."""
    feedback = TableSource(kind="table", path=f"data/feedback/{name}/*.csv", optional=True)
    return [("source", config.source), ("feedback", feedback)]


@dataclass(frozen=True)
class Filed:
    """A feedback table that was filed: where, its rows, and how many have a label that the domain does not know."""

    path: Path
    rows: int
    unknown: dict[str, int]


def add_feedback(root: Path, name: str, table: Path, config: DataConfig) -> Filed:
    """Files a table of `path,label` (and `group`, `weight`, slices) as feedback of a domain; the next retrain reads it.

    It is read as a source's table is. Paths are made absolute, so that the table may go away. The same rows filed twice
    stay one table.

    Raises:
        SourceError: the table is missing, unreadable, lacks a column or has a row without a path.
    """
    rows = read_table(read_file(table), str(table), "label")
    missing = {"path", "label"} - set(rows.columns)
    if missing:
        raise SourceError(f"{table}: no column {min(missing)!r}; a feedback table needs path and label")
    paths = [cell_text(path) for path in rows["path"]]
    if None in paths:
        raise SourceError(f"{table}: row {paths.index(None) + 1} has no path; fill it in or drop the row")
    rows["path"] = [_lasting(sample_address(str(path), str(table.parent.absolute()))) for path in paths]
    text = rows.to_csv(index=False)
    filed = root / "data" / "feedback" / name / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.csv"
    write_text(filed, text)
    task = config.tasks[config.headline]
    labels = task.read(rows["label"].map(cell_text).dropna())
    strange = labels[~task.known(labels)].value_counts()
    return Filed(filed, len(rows), {str(label): int(count) for label, count in strange.items()})


def _lasting(address: str) -> str:
    """An address that leads to the same file from anywhere."""
    return address if "://" in address else str(Path(address).resolve())
