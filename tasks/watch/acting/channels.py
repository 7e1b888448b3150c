"""The ways by which people are told: a webhook, e-mail, a notification block of Prefect."""

import asyncio
import logging
import smtplib
import ssl
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from functools import partial
from inspect import isawaitable
from urllib.parse import unquote, urlsplit

import httpx
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from monitoring.alerts import Alert
from settings.machine import AlertSettings

logger = logging.getLogger(__name__)

TRIES = 3
TIMEOUT = 10.0
PAUSE = 1.0  # seconds, twice as long after each failure


def channels(settings: AlertSettings) -> dict[str, Callable[[Alert], None]]:
    """The channels that are set, by name, each with what sends through it."""
    ways = {"webhook": (settings.webhook, _webhook), "mail": (settings.smtp, _mail), "block": (settings.block, _block)}
    return {name: partial(send, settings) for name, (address, send) in ways.items() if address}


def sent(name: str, send: Callable[[Alert], None], alert: Alert) -> bool:
    """Whether an alert went through a channel, within a few tries; what an error says of an address is not told."""
    for attempt in range(TRIES):
        try:
            send(alert)
        except Exception as error:  # noqa: BLE001 - whatever a channel raises must not end the check
            logger.warning("alert %s by %s failed: %s", alert.key[:8], name, type(error).__name__)
            time.sleep(PAUSE * 2**attempt if attempt < TRIES - 1 else 0)
        else:
            return True
    return False


def _webhook(settings: AlertSettings, alert: Alert) -> None:
    """POST of the alert as JSON; `Idempotency-Key` names the check, so that a receiver can drop a repeated one."""
    answer = httpx.post(settings.webhook, json=alert.payload(), headers={"Idempotency-Key": alert.key}, timeout=TIMEOUT)
    answer.raise_for_status()


def _mail(settings: AlertSettings, alert: Alert) -> None:
    server = urlsplit(settings.smtp)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = alert.subject, settings.mail_from, settings.mail_to
    message["Message-ID"] = f"<{alert.key}@regraft>"
    message.set_content(alert.body)
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "", server.port or 0, timeout=TIMEOUT) as connection:
        if server.username and server.scheme == "smtp":
            connection.starttls(context=ssl.create_default_context())  # no password goes over an open line
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _block(settings: AlertSettings, alert: Alert) -> None:
    block = Block.load(settings.block)
    if not isinstance(block, NotificationBlock):
        raise TypeError(f"{settings.block} is no notification block")
    sending = block.notify(alert.body, alert.subject)
    if isawaitable(sending):  # blocks of Prefect's own have sent it by now, others are as the base class says
        asyncio.run(_wait(sending))


async def _wait(sending: Awaitable[None]) -> None:
    await sending
