"""A Prefect server that goes away is one line: Prefect's own loops print a hundred, with tracebacks, and end."""

import asyncio
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpx import HTTPError
from prefect.settings import PREFECT_API_URL
from prefect.utilities.services import critical_service_loop

from settings.errors import RegraftError

logger = logging.getLogger(__name__)
OBSERVER = "FlowRunCancellingObserver"  # it says of the same absence that it fails, and then fails to tell the runner


class ServerError(RegraftError, RuntimeError):
    """A server that must run first does not answer, or answers no more."""


@contextmanager
def absence_told() -> Iterator[None]:
    """Turns what Prefect raises in the block where its server has gone into one line.

    Raises:
        ServerError: the server answers no more, or refuses what it is asked.
    """
    defaults = critical_service_loop.__defaults__ or ()
    critical_service_loop.__defaults__ = tuple(_give_up if one is print else one for one in defaults)
    logging.getLogger(f"prefect.{OBSERVER}").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="coroutine 'Runner._handle_cancellation_observer_failure'")
    try:
        yield
    except Exception as error:
        cause, others = ExceptionGroup("", [error]).split((HTTPError, ServerError))
        if others or not cause:
            raise
        raise ServerError(str(_first(cause))) from error
    finally:
        critical_service_loop.__defaults__ = defaults


def _give_up(*_: Any) -> None:
    """Stands where Prefect prints the last errors of a loop before it ends."""
    raise ServerError(f"{PREFECT_API_URL.value()} answers no more; `regraft up` starts the server and this one again")


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def tell_in_a_line(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handles what nobody waits for in an event loop."""
    if OBSERVER not in context["message"]:
        logger.warning("%s: %s", context["message"].partition("\n")[0], context.get("exception"))
