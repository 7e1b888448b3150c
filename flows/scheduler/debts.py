"""What checks owe is started by whoever runs the schedules, too: the one who owed it may be dead."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from httpx import HTTPError

from settings.errors import RegraftError
from tasks.watch.acting.alerting import alert
from tasks.watch.acting.delivering import deliver

logger = logging.getLogger(__name__)

PAY = 15.0  # seconds


async def pay_debts(names: Callable[[], Iterable[str]]) -> None:
    """Starts what the checks of domains owe and tells what was not told, again and again."""
    while True:
        await asyncio.sleep(PAY)
        for name in [*names()]:
            await asyncio.to_thread(pay_debts_of, name)


def pay_debts_of(name: str) -> None:
    """The same for one domain, once; what keeps it from that is told, and it is tried again later."""
    try:
        for what in deliver.fn(name):
            logger.info("%s: %s", name, what)
        alert.fn(name)
    except (RegraftError, HTTPError) as error:
        logger.warning("%s: what its checks owe is not started: %s", name, error)
