"""Files and folders that go."""

import shutil
from pathlib import Path

from data.errors import StorageError


def delete(place: Path) -> None:
    """Deletes a file, or a folder with all in it; a folder that is a link to another disk stays one, empty.

    Raises:
        StorageError: the disk refused.
    """
    try:
        if place.is_dir() and place.is_symlink():
            _empty(place)
        elif place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{place} cannot be deleted: {error.strerror}; mend its rights and try again") from error


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        delete(inside)
