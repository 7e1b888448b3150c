"""The files that are to be scored, from the paths that a person gives."""

from collections.abc import Sequence
from pathlib import Path

from serving.errors import ServingError


def files_below(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and those below folders in the order of their names; hidden ones of folders are passed over.

    Raises:
        ServingError: a path does not exist.
    """
    absent = [path for path in paths if not path.exists()]
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise ServingError(f"{absent[0]}{more}: no such file or folder; correct the path")
    return [found for path in paths for found in (_visible(path) if path.is_dir() else [path])]


def _visible(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
