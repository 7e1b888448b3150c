"""What is tried again and what is not."""

import pytest
from prefect import flow, task

from data.errors import RefusedError, StorageError, VersioningError
from registry.errors import GateError, LedgerConflictError, LedgerError, ModelNotFoundError, PackageError, RegistryError
from settings.errors import ConfigError
from tasks.policy import COMPUTE, IO

pytestmark = pytest.mark.usefixtures("prefect_api")
PERMANENT = [ConfigError, GateError, PackageError, ModelNotFoundError, LedgerConflictError, RefusedError]
PASSING = [StorageError, RegistryError, LedgerError, VersioningError, OSError]


def attempts(kind: type[Exception], policy: dict) -> int:
    """How often a task that always raises is run under a policy."""
    calls = []

    @task(**{**policy, "retry_delay_seconds": 0})
    def fail() -> None:
        calls.append(1)
        raise kind("no")

    @flow
    def once() -> None:
        fail()

    with pytest.raises(kind):
        once()
    return len(calls)


@pytest.mark.parametrize("kind", PERMANENT)
def test_io__fault_of_input(kind):
    """What no second attempt can mend is tried once."""
    assert attempts(kind, IO) == 1


@pytest.mark.parametrize("kind", PASSING)
def test_io__fault_that_may_pass(kind):
    """A disk or a server gets two more chances."""
    assert attempts(kind, IO) == 3


def test_compute__never_again():
    """Training that failed is not begun anew by itself."""
    assert attempts(OSError, COMPUTE) == 1
