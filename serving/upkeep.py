"""Keeps the logs small: many small files become few, and what is older than the domain keeps it goes."""

import asyncio
import logging

from serving.feedback.labels import labels_store, load_labels
from serving.log.config import load_log_config
from serving.log.merging import drop_old, merge, place
from serving.log.predictions import store_of
from settings.errors import RegraftError
from settings.machine import load_settings

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0


def tend(domain: str) -> None:
    """Does what is due for a domain's predictions and labels; several processes may at once, and any may be killed.

    Raises:
        ConfigError: the domain's YAML is wrong.
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write.
    """
    config, log, labels = load_log_config(load_settings().root, domain), store_of(domain), labels_store(domain)
    for file in log.files():
        place(log, file)
    days = [folder for folder in log.days() if folder.startswith("version=")]
    if config.retention_days:
        drop_old(log, days, config.retention_days)
        drop_old(labels, labels.days(), config.retention_days)
    for folder in days:
        merge(log, folder)
    for folder in labels.days():
        merge(labels, folder, load_labels, ("entry",))


async def tended(domain: str) -> None:
    """Does so every hour until it is cancelled, off the event loop; a fault is told and tried again."""
    while True:
        try:
            await asyncio.to_thread(tend, domain)
        except (RegraftError, OSError) as error:
            logger.warning("%s: the prediction log is not tended: %s", domain, error)
        await asyncio.sleep(EVERY_SECONDS)
