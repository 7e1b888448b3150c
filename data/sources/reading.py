"""Reading a table as people write them: any usual separator, encoding and spelling of the columns."""

import csv
import io
import json
from typing import Any

import pandas as pd

from data.errors import SourceError
from data.parquet import read_parquet

SEPARATORS = ",;\t|"
# Read under these names where a column of the right name is missing, as the Hugging Face layout has them.
ALIASES = {"path": ("file_name", "filename", "file"), "label": ("class", "category")}
NAMED = ("path", "group", "weight", "split")


def read_table(content: bytes, name: str, label: str) -> pd.DataFrame:
    """The rows of a CSV, JSON Lines or Parquet file; columns that mean something have their plain names.

    Raises:
        SourceError: it is none of these, or a row has more cells than there are columns.
    """
    try:
        return _plain(_parsed(content, name.lower()), label)
    except (ValueError, csv.Error) as error:
        told = " ".join(str(error).split())
        raise SourceError(f"{name}: not readable as CSV, JSON Lines or Parquet ({told}); correct it") from error


def _parsed(content: bytes, name: str) -> pd.DataFrame:
    if name.endswith((".parquet", ".pq")):
        return _whole_numbers(read_parquet(io.BytesIO(content)).to_pandas(use_threads=False))
    text = _text(content)
    if name.endswith((".jsonl", ".ndjson")):
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        return pd.DataFrame([{key: None if cell is None else str(cell) for key, cell in row.items()} for row in rows])
    return _cells(text)


def _text(content: bytes) -> str:
    """UTF-8, or what the byte order mark says."""
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"byte {error.start} is no {encoding.removesuffix('-sig').upper()}; save it as UTF-8"
        ) from None


def _cells(text: str) -> pd.DataFrame:
    """Stripped cells; an empty one says nothing, and empty ones beyond the last column are a writer's habit."""
    head = text.split("\n", 1)[0]
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=_separator(head)) if row]
    if not rows:
        raise ValueError("it is empty")
    names, table = rows[0], []
    for number, row in enumerate(rows[1:], 2):
        if any(row[len(names) :]):
            raise ValueError(f"row {number} has {len(row)} cells for {len(names)} columns")
        table.append([cell or None for cell in row[: len(names)]] + [None] * (len(names) - len(row)))
    return pd.DataFrame(table, columns=names, dtype=object)


def _separator(head: str) -> str:
    return max(SEPARATORS, key=head.count)


def _whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers with gaps, of which pandas makes 1.0, are whole again: a label or group has one spelling."""
    floats = [name for name in frame.columns if pd.api.types.is_float_dtype(frame[name])]
    whole = [name for name in floats if (frame[name].dropna() % 1 == 0).all()]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _plain(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """The columns under the names that Regraft knows; an index that was written along is no column."""
    frame = frame.rename(columns=str)
    frame = frame[[name for name in frame.columns if name and not name.startswith("Unnamed: ")]]
    names: dict[str, str] = {}
    for wanted in (*NAMED, label):
        spellings = (wanted, *ALIASES.get(wanted, ()))
        found = [name for spelling in spellings for name in frame.columns if name.lower() == spelling.lower()]
        if wanted not in frame.columns and found:
            names[found[0]] = wanted
    return frame.rename(columns=names)


def cell_text(value: Any) -> str | None:
    """A cell as text; None where nothing was said."""
    return None if value is None or pd.isna(value) else str(value).strip() or None
