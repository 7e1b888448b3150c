"""MLflow's client, and what it raises in one line: the settings decide which store or server it talks to."""

import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from data.errors import StorageError
from registry.errors import RegistryError
from registry.ledger.sql.database import DISK, MAKE_ROOM
from settings.machine import load_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

OUTDATED = "out-of-date database schema"  # MLflow's words for tables of another release
OF_THIS_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


def mlflow_client() -> "MlflowClient":
    """A client of the configured tracking server."""
    import mlflow  # three seconds of import

    # It writes a traceback of what a database refuses, which is told in one line where it was wanted.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # The registry resolves models:/ addresses through MLflow's global state, whatever the client was told.
    mlflow.set_tracking_uri(load_settings().tracking_uri)
    return mlflow.MlflowClient()


def open_store() -> None:
    """Opens a tracking store of this machine ahead of its use: it takes seconds, most of them where it is new."""
    if not load_settings().tracking_uri.startswith("http"):
        with suppress(RegistryError), registry_errors("open the store"):  # who needs it is told
            mlflow_client().search_registered_models(max_results=1)


def first_line(error: BaseException) -> str:
    """First line of an error's text; its type where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def registry_errors(doing: str) -> Iterator[None]:
    """Turns whatever MLflow raises into one line that names what was being done.

    Raises:
        RegistryError: MLflow or its database refused or is down.
        StorageError: so it was raised within; it names its own place.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except StorageError:
        raise
    except (MlflowException, SQLAlchemyError, ImportError, OSError) as error:
        cause = _first(error) if isinstance(error, shutil.Error) else error
        if isinstance(cause, OSError) and cause.errno in OF_THIS_MACHINE:
            raise RegistryError(f"cannot {doing}: {_refused(cause)}") from error
        reason, address = first_line(_origin(error)), load_settings().tracking_uri
        remedy = f"{address}: {MAKE_ROOM}" if DISK.search(reason) else f"is MLflow at {address} up?"
        remedy = "run `regraft upgrade`" if OUTDATED in reason else remedy
        message = f"cannot {doing}: {reason}; {remedy}"
        raise RegistryError(re.sub(r"//[^/\s]*@", "//", message)) from error  # no password of an address


def _origin(error: BaseException) -> BaseException:
    """What the driver of a database said, where one is behind an error; others begin with other words."""
    found = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None)
    return found if isinstance(found, BaseException) else error


def _first(error: shutil.Error) -> OSError:
    """The first fault of a folder that could not be copied; shutil goes on after it and tells all as list of texts."""
    _, target, said = error.args[0][0]
    number = re.search(r"\[Errno (\d+)\]", said)
    return OSError(int(number[1]), os.strerror(int(number[1])), target) if number else error


def _refused(error: OSError) -> str:
    """What this machine's disk refused, and the remedy; without a name the file was a temporary one."""
    place = error.filename or tempfile.gettempdir()
    remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend its rights"
    return f"{place}: {error.strerror}; {remedy} there and run the same command again, it goes on"
