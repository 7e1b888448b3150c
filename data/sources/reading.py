"""Reading a table as people write them: any usual separator, encoding and spelling of the columns."""

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

from data.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ",;\t|"
# Read under these names where a column of the right name is missing, as the Hugging Face layout has them.
ALIASES = {
    "path": ("file_name", "filename", "file", "image", "image_path", "file_path", "filepath"),
    "label": ("class", "category"),
}
NAMED = ("path", "group", "weight", "split")
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_table(content: bytes, name: str, label: str) -> "pd.DataFrame":
    """The rows of a CSV, JSON Lines or Parquet file; columns that mean something have their plain names.

    Raises:
        SourceError: it is none of these, a row has more cells than there are columns, or two columns share a name.
    """
    try:
        return _plain(_parsed(content, name.lower()), label)
    except (ValueError, OSError, EOFError, csv.Error) as error:
        told = " ".join(str(error).split())
        raise SourceError(f"{name}: not readable as CSV, JSON Lines or Parquet ({told}); correct it") from error


def cell_text(value: Any) -> str | None:
    """A cell as text; None where nothing was said."""
    import pandas as pd

    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return str(value).strip() or None


def _parsed(content: bytes, name: str) -> "pd.DataFrame":
    """By what the content is where it says so, and by the name otherwise."""
    if content.startswith(b"\x1f\x8b"):
        content, name = gzip.decompress(content), name.removesuffix(".gz")
    if content.startswith(WORKBOOKS):
        raise ValueError("it is a workbook of Excel or a ZIP; save it as CSV UTF-8")
    if content.startswith(b"PAR1") or name.endswith((".parquet", ".pq")):
        from data.parquet import read_parquet  # Arrow, which a domain's file alone does not need

        return _whole_numbers(read_parquet(io.BytesIO(content)).to_pandas(use_threads=False))
    text = _text(content)
    return _objects(text) if text.lstrip()[:1] in {"{", "["} else _cells(text)


def _text(content: bytes) -> str:
    """UTF-8, or what the byte order mark says; the lines of any system end alike."""
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        known = encoding.removesuffix("-sig").upper()
        raise ValueError(f"byte {error.start}, in line {line}, is no {known}; save it as UTF-8") from None
    if "\0" in text:
        raise ValueError("it holds zero bytes, as UTF-16 without a byte order mark does; save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _objects(text: str) -> "pd.DataFrame":
    """One JSON object a line, or one list of them."""
    import pandas as pd

    lines = [line for line in text.splitlines() if line.strip()]
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in lines]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("one JSON object a row is expected")
    return pd.DataFrame(
        [
            {key: cell if cell is None or isinstance(cell, dict) else str(cell) for key, cell in row.items()}
            for row in rows
        ]
    )


def _cells(text: str) -> "pd.DataFrame":
    """Stripped cells; an empty one says nothing, and empty ones beyond the last column are a writer's habit."""
    import pandas as pd

    first, _, rest = text.partition("\n")
    declared = first.lower().startswith("sep=")  # a line of Excel's own
    separator = first[4:5] if declared else _separator(first)
    reader = csv.reader(io.StringIO(rest if declared else text), delimiter=separator, skipinitialspace=True)
    names: list[str] = []
    table: list[list[str | None]] = []
    for row in (each for each in reader if each):
        cells = [cell.strip() for cell in row]
        if names and any(cells[len(names) :]):
            raise ValueError(f"line {reader.line_num} has {len(row)} cells for {len(names)} columns")
        if names:
            table.append([cell or None for cell in cells[: len(names)]] + [None] * (len(names) - len(cells)))
        names = names or cells
    if not names:
        raise ValueError("it is empty")
    return pd.DataFrame(table, columns=names, dtype=object)


def _separator(head: str) -> str:
    """The separator that finds a column of paths, and of several the one that finds most columns."""

    def worth(separator: str) -> tuple[bool, int]:
        names = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator), [])]
        return any(name in names for name in ("path", *ALIASES["path"])), len(names)

    return max(SEPARATORS, key=worth)


def _whole_numbers(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Whole numbers with gaps, of which pandas makes 1.0, are whole again: a label or group has one spelling."""
    import pandas as pd

    categories = {name: kind.categories.dtype for name, kind in frame.dtypes.items() if hasattr(kind, "categories")}
    frame = frame.astype(categories)
    floats = [name for name in frame.columns if pd.api.types.is_float_dtype(frame[name])]
    whole = [name for name in floats if (frame[name].dropna() % 1 == 0).all()]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _plain(frame: "pd.DataFrame", label: str) -> "pd.DataFrame":
    """The columns under the names that Regraft knows; an index that was written along is no column."""
    frame = frame.rename(columns=lambda name: str(name).strip())
    frame = frame[[name for name in dict.fromkeys(frame.columns) if name and not name.startswith("Unnamed: ")]]
    if repeated := list(frame.columns[frame.columns.duplicated()]):
        raise ValueError(f"two columns are called {repeated[0]!r}; rename one")
    names: dict[str, str] = {}
    for wanted in (*NAMED, label):
        spellings = (wanted, *ALIASES.get(wanted, ()))
        found = [name for spelling in spellings for name in frame.columns if name.lower() == spelling.lower()]
        if wanted not in frame.columns and found:
            names[found[0]] = wanted
    frame = frame.rename(columns=names)
    if "path" in frame and frame["path"].map(lambda cell: isinstance(cell, dict)).any():
        raise ValueError("its rows hold the images themselves; save them as files and name the files")
    return frame
