"""The files that are to be scored, from the paths that a person gives."""

from collections.abc import Sequence
from pathlib import Path

from data.sources.tree import Tree
from serving.errors import ServingError


def files_below(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and of folders the samples below them, as ingest would take them, in the order of their names.

    Raises:
        ServingError: a path does not exist.
    """
    absent = [path for path in paths if not path.exists()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise ServingError(f"{absent[0]}{more}: no such file or folder; correct the path")
    return [found for path in paths for found in (_samples(path) if path.is_dir() else [path])]


def _samples(folder: Path) -> list[Path]:
    return [folder / path for path in Tree(folder).samples]
