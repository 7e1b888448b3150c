"""The service looks after its canary: judged every few seconds, beside the requests."""

import asyncio
import logging
from statistics import median

from serving.canary.conducting import settle
from serving.canary.judging import Speeds
from serving.slot import Slot
from settings.errors import RegraftError

logger = logging.getLogger(__name__)

JUDGE_SECONDS = 10.0


async def watch(slot: Slot) -> None:
    """Judges the slot's canary again and again, until it is cancelled."""
    while True:
        await asyncio.sleep(JUDGE_SECONDS)
        if slot.rival is not None:
            await settled(slot)


async def settled(slot: Slot) -> None:
    """Judges the slot's canary once; what keeps it from that is told, and it is tried again later."""
    try:
        found = await asyncio.to_thread(settle, slot.domain, _speeds(slot))
        if found and slot.rival and slot.rival.canary == found.canary:
            slot.rival.share = found.share
    except (RegraftError, OSError) as error:
        logger.warning("%s: the canary is not judged: %s", slot.domain, error)


def _speeds(slot: Slot) -> Speeds | None:
    if slot.current is None or slot.rival is None:
        return None
    champion, canary = slot.current.batcher.seconds, slot.rival.served.batcher.seconds
    if not champion or not canary:
        return None
    return Speeds(median(champion), median(canary), min(len(champion), len(canary)))
