"""How tasks are retried and limited: retries for input and output, none for computing."""

from datetime import timedelta
from typing import Any

from prefect import State, Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import TaskRun

from registry.errors import LedgerConflictError

_HOUR = timedelta(hours=1).total_seconds()


def worth_retrying(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """A fault of the user's input stays one however often it is tried; a disk or a server may recover."""
    return not isinstance(state.result(raise_on_failure=False), ValueError | LookupError | LedgerConflictError)


IO: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_condition_fn": worth_retrying,
    "timeout_seconds": _HOUR,
    "cache_policy": NO_CACHE,
}
COMPUTE: dict[str, Any] = {"timeout_seconds": 24 * _HOUR, "cache_policy": NO_CACHE}
