"""What a check owes is started: exactly once, whoever dies in between."""

from prefect import task
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from registry.errors import GateError, LedgerConflictError
from registry.ledger.ledger import Ledger
from registry.ledger.watch.checks import ROLLED_BACK, CheckRecord, Checks
from settings.machine import load_settings
from tasks.judging.promote import find_target, rollback
from tasks.policy import IO
from tasks.server import deployment_name, lasting_server


@task(name="start what is owed", task_run_name="start what the checks of {name} owe", **IO)
def deliver(name: str) -> list[str]:
    """Starts what the checks of a domain owe; returns what was started, or why it was not, a line each."""
    return [pay(check) for check in Checks(load_settings().ledger).owed(name)]


def pay(check: CheckRecord) -> str:
    """Starts what one check owes, and says so.

    A retrain is a run of the deployment, which the check names, so that asking twice makes one run. A rollback is one
    row of the ledger, which is refused where the champion is not the one that was checked.
    """
    what = _rolled_back(check) if check.outcome == "rollback" else _started(check)
    if what is None:
        return f"no retrain is started, as no server runs: `regraft up` will, or `regraft retrain {check.domain}`"
    Checks(load_settings().ledger).deliver(check, what)
    return what


def settle_owed(name: str, run: str) -> None:
    """A retrain that begins is what the checks of the domain asked for, whoever started it."""
    checks = Checks(load_settings().ledger)
    for check in checks.owed(name):
        if check.outcome == "retrain":
            checks.deliver(check, f"retrain, run {run}")


def _rolled_back(check: CheckRecord) -> str:
    """The rollback itself: it waits for no training, and is void where another version is in production by now."""
    champion = Ledger(load_settings().ledger).champion(check.domain)
    if champion != check.version:
        return f"no rollback: v{champion} is in production by now"
    try:
        found = rollback.fn(check.domain, find_target.fn(check.domain, None), f"monitor: {check.reason}")
    except (GateError, LedgerConflictError) as error:
        return f"no rollback: {error}"
    return f"{ROLLED_BACK} v{found.champion}"


def _started(check: CheckRecord) -> str | None:
    """A run of the domain's deployment; None where nobody would run it."""
    if not lasting_server():
        return None
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(f"retrain/{deployment_name(check.domain)}")
        except ObjectNotFound:
            return None
        run = client.create_flow_run_from_deployment(
            deployment.id,
            parameters={"domain": check.domain, "reason": check.reason, "check": check.key},
            idempotency_key=f"regraft check {check.key}",
        )
    return f"retrain, run {run.name}"
