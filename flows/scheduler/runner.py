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

from flows.environment import answers, prefect_address, prepare_environment
from settings.errors import RegraftError
from settings.machine import Settings

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow
    from prefect.runner import Runner

    from tasks.domain import Domain

logger = logging.getLogger(__name__)

PATIENCE = 120.0


class ServerError(RegraftError, RuntimeError):
    """A server that must run first does not answer."""


def main() -> int:
    """Serves the flows of this project until it is told to stop; 1 after an error that the user can mend."""
    try:
        settings = prepare_environment()
        os.environ.setdefault("PREFECT_API_URL", prefect_address(settings))
        domains = load_domains(settings)
        wait_for(f"{os.environ['PREFECT_API_URL']}/health", PATIENCE)
        mend_aliases(settings)

        from flows.monitor import monitor  # the domain rooms load while the servers are up already
        from flows.retrain import retrain

        serve(domains, retrain=retrain, monitor=monitor, cores=settings.cores)
    except RegraftError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def load_domains(settings: Settings) -> "list[Domain]":
    """All domains of the project; an empty list is no error, the servers are useful without.

    Raises:
        ConfigError: one of the files has a wrong key or value.
    """
    from tasks.domain import domain_names, load_domain  # `regraft up` needs only `wait_for`

    names = domain_names(settings.root)
    if not names:
        logger.warning("no domain in %s: write one with `regraft new`, then start again", settings.root / "domains")
    return [load_domain(name) for name in names]


def wait_for(address: str, seconds: float) -> None:
    """Returns once the address answers.

    Raises:
        ServerError: it did not answer in time.
    """
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


@contextmanager
def _told() -> Iterator[None]:
    """Logs a fault that the user can mend, and goes on behind the block."""
    try:
        yield
    except RegraftError as error:
        logger.warning("%s", error)


def serve(domains: "list[Domain]", *, retrain: "Flow[..., Any]", monitor: "Flow[..., Any]", cores: int) -> None:
    """Registers deployments and automations, then runs what is due until SIGTERM or SIGINT.

    At most one run a core at once, but always two, so that a check need not wait for a training. Only one such process
    may serve a Prefect server: what another one left under way is taken for dead. Schedules stay as they are at the
    end, because the Prefect server usually stops in the same second.
    """
    from prefect.runner import Runner  # reads its settings at import: now they are complete

    from flows.scheduler.deployments import deployments

    runner = Runner(name="regraft", pause_on_shutdown=False, limit=max(2, cores))
    # Prefect's own handler leaves the event loop half done and prints a traceback
    runner.handle_sigterm = lambda *_: signal.raise_signal(signal.SIGINT)  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt):
        asyncio.run(_register_and_run(runner, deployments(domains, retrain=retrain, monitor=monitor)))


async def _register_and_run(runner: "Runner", built: "list[RunnerDeployment]") -> None:
    """As `prefect.serve` does, and clears up between registering and running what an earlier process left."""
    from flows.scheduler import deployments as ours

    served = [await runner.aadd_deployment(deployment) for deployment in built]
    ours.save_automation(ours.zombie_automation())
    crashed, skipped, gone = (
        clear(served) for clear in (ours.crash_abandoned_runs, ours.skip_missed_runs, ours.forget_others)
    )
    logger.info("serving %s", ", ".join(deployment.full_name for deployment in built) or "nothing")
    logger.info("left by an earlier server: %d runs crashed, %d skipped, %d deployments gone", crashed, skipped, gone)
    await runner.start()


if __name__ == "__main__":
    sys.exit(main())
