"""What a command says that met a full disk: one line, whichever library it was that met it."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from settings.machine import load_settings

REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
LEAST_BYTES = 2**20  # with less than that servers and libraries fail, each in words of its own


def full_disk(error: BaseException) -> str | None:
    """Which disk is full, with the remedy, where that is behind an error; None: it is not."""
    refused = next((one for one in _behind(error) if isinstance(one, OSError) and one.errno in REFUSALS), None)
    place = (refused.filename or tempfile.gettempdir()) if refused else _full_folder()
    if place is None:
        return None
    reason = refused.strerror if refused else "no room is left on its disk"
    return f"{place}: {reason}; make room there and run the same command again, it goes on"


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _full_folder() -> Path | None:
    folders = [load_settings().home, Path(tempfile.gettempdir())]
    return next((one for one in folders if one.exists() and shutil.disk_usage(one).free < LEAST_BYTES), None)
