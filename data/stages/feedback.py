"""Labels that come back from production: tables below data/feedback/DOMAIN, read besides the domain's own source."""

import hashlib
from pathlib import Path

import pandas as pd

from data.config import DataConfig
from data.errors import SourceError
from data.sources import TableSource
from data.sources.sample import SampleSource
from data.stores.atomic import write_text


def sources_of(config: DataConfig, name: str) -> list[tuple[str, SampleSource]]:
    """The domain's own source and its feedback tables, by the names that the manifest uses for them."""
    feedback = TableSource(kind="table", path=f"data/feedback/{name}/*.csv", optional=True)
    return [("source", config.source), ("feedback", feedback)]


def add_feedback(root: Path, name: str, table: Path) -> Path:
    """Files a CSV of `path,label` (and `group`, `weight`, slices) as feedback of a domain; the next retrain reads it.

    Paths are made absolute, so that the table may go away. The same rows filed twice stay one table.

    Raises:
        SourceError: the table is missing, unreadable or lacks a column.
    """
    try:
        rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{table}: not readable as CSV ({' '.join(str(error).split())}); give a table with path,label"
        ) from error
    missing = {"path", "label"} - set(rows.columns)
    if missing:
        raise SourceError(f"{table}: no column {min(missing)!r}; a feedback table needs path and label")
    rows["path"] = [path if "://" in path else str((table.parent / path).resolve()) for path in rows["path"]]
    text = rows.to_csv(index=False)
    filed = root / "data" / "feedback" / name / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.csv"
    write_text(filed, text)
    return filed
