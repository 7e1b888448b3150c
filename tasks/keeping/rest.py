"""A project at rest: no servers, and no run of a domain, while its state as a whole is changed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from data.stores.locks import domain_lock
from settings.machine import Settings
from tasks.domain import domain_names

SERVERS = "regraft up"  # the lock that the servers' keeper holds


@contextmanager
def at_rest(settings: Settings, doing: str) -> Iterator[None]:
    """Holds every lock of the project, so that nothing begins meanwhile.

    Raises:
        LockedError: the servers run, or a domain is being worked on.
    """
    left = {path.stem for path in (settings.home / "locks").glob("*.lock")}  # of domains whose file is gone, too
    with ExitStack() as held:
        for name in (SERVERS, *sorted({*domain_names(settings.root), *left} - {SERVERS})):
            held.enter_context(domain_lock(settings.home, name, doing))
        yield
