"""The process that registers all deployments with Prefect and runs what is due: `python -m flows.scheduler.runner`."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from data.errors import LockedError
from flows.process.environment import answers, prepare_environment
from settings.errors import RegraftError
from settings.machine import Settings

if TYPE_CHECKING:
    from prefect.flows import Flow
    from prefect.runner import Runner

    from flows.scheduler.domains import DomainFiles

logger = logging.getLogger(__name__)

PATIENCE = 120.0


def main() -> int:
    """Serves the flows of this project until it is told to stop; 1 after an error that the user can mend."""
    try:
        settings = prepare_environment()
        os.environ.setdefault("PREFECT_API_URL", settings.prefect_api)
        wait_for(f"{os.environ['PREFECT_API_URL']}/health", PATIENCE)
        mend_aliases(settings)
        close_runs(settings)

        from flows.monitor import monitor  # the domain rooms load while the servers are up already
        from flows.retrain import retrain

        serve(settings, retrain=retrain, monitor=monitor)
    except RegraftError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def wait_for(address: str, seconds: float) -> None:
    """Returns once the address answers.

    Raises:
        ServerError: it did not answer in time.
    """
    from flows.scheduler.absence import ServerError

    deadline = time.monotonic() + seconds
    while not answers(address):
        if time.monotonic() > deadline:
            raise ServerError(f"{address} did not answer within {seconds:.0f} s: start the servers with `regraft up`")
        time.sleep(0.2)


def mend_aliases(settings: Settings) -> None:
    """Makes MLflow show what the ledger says, where a process died in between; a fault is told and stops nothing."""
    from registry.ledger.ledger import Ledger
    from registry.store.aliases import follow_ledger

    names: list[str] = []
    with _told():
        names = Ledger(settings.ledger).domains()
    for name in names:
        with _told():
            follow_ledger(name)


def close_runs(settings: Settings) -> None:
    """Ends runs in MLflow that were cut off by a kill; whoever works on a domain at present has done so before."""
    from registry.ledger.leases import domain_lease
    from registry.store.stale_runs import close_stale_runs
    from tasks.domain import domain_names

    for name in domain_names(settings.root):
        with _told(), suppress(LockedError), domain_lease(name, "regraft up"):
            close_stale_runs(name)


@contextmanager
def _told() -> Iterator[None]:
    """Logs a fault that the user can mend, and goes on behind the block."""
    try:
        yield
    except RegraftError as error:
        logger.warning("%s", error)


def serve(settings: Settings, *, retrain: "Flow[..., Any]", monitor: "Flow[..., Any]") -> None:
    """Registers deployments and automations, then runs what is due until SIGTERM or SIGINT.

    At most one run a core at once, but always two, so that a check need not wait for a training. Only one such process
    may serve a Prefect server: what another one left under way is taken for dead. Schedules stay as they are at the
    end, because the Prefect server usually stops in the same second.

    Raises:
        ServerError: the Prefect server went away.
    """
    from prefect.runner import Runner  # reads its settings at import: now they are complete

    from flows.scheduler.absence import absence_told
    from flows.scheduler.domains import DomainFiles

    runner = Runner(name="regraft", pause_on_shutdown=False, limit=max(2, settings.cores))
    # Prefect's own handler leaves the event loop half done and prints a traceback
    runner.handle_sigterm = lambda *_: signal.raise_signal(signal.SIGINT)  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt), absence_told():
        asyncio.run(_register_and_run(runner, DomainFiles(settings.root, retrain, monitor)))


async def _register_and_run(runner: "Runner", files: "DomainFiles") -> None:
    """As `prefect.serve` does, clears up what an earlier process left, and follows the domains' files meanwhile."""
    from flows.process.abandoned import crash_abandoned_commands
    from flows.scheduler import deployments as ours
    from flows.scheduler.absence import tell_in_a_line
    from flows.scheduler.debts import pay_debts

    asyncio.get_running_loop().set_exception_handler(tell_in_a_line)
    served = await files.register(runner)
    ours.save_automation(ours.zombie_automation())
    crashed, skipped = (clear(served) for clear in (ours.crash_abandoned_runs, ours.skip_missed_runs))
    crashed += crash_abandoned_commands()
    logger.info("left by an earlier server: %d runs crashed, %d skipped", crashed, skipped)
    beside = [asyncio.create_task(files.follow(runner)), asyncio.create_task(pay_debts(files.names))]
    try:
        await runner.start()
    finally:
        for task in beside:
            task.cancel()


if __name__ == "__main__":
    sys.exit(main())
