"""People are told of what is new: once by each channel, again where a channel failed."""

import logging
from datetime import UTC, datetime, timedelta

from prefect import task

from monitoring.alerts import Alert, alerts_of
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Marks
from settings.machine import load_settings
from tasks.policy import IO
from tasks.watch.acting.channels import channels, sent

logger = logging.getLogger(__name__)

MEMORY = 50  # checks
PATIENCE = timedelta(days=1)  # what could not be told for so long is told no more
LOG = "log"


@task(name="alert", task_run_name="tell people about {name}", **IO)
def alert(name: str) -> None:
    """Tells people what is new of a domain, unless it is muted."""
    ledger = load_settings().ledger
    now, mute = datetime.now(UTC), Marks(ledger).latest(name).get("mute")
    if mute and now < datetime.fromisoformat(mute.subject):
        return
    checks = Checks(ledger).newest(name, MEMORY)
    known = checks[0].key if len(checks) == MEMORY else ""  # it stands behind others: whether it was news is past
    for check, news in alerts_of(checks):
        if check.key != known and now - datetime.fromisoformat(check.time) < PATIENCE:
            _tell(check, news)


def _tell(check: CheckRecord, news: Alert) -> None:
    told = [*filter(None, check.alerted.split(","))]
    ways = {name: send for name, send in channels(load_settings().alerts).items() if name not in told}
    new = [name for name, send in ways.items() if sent(name, send, news)]
    if LOG not in told:
        logger.warning("%s: %s", news.subject, news.reason)
        new.append(LOG)
    if new:
        Checks(load_settings().ledger).tell(check, ",".join([*told, *new]))
