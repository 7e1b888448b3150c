"""The command that tells the story."""

import os

from flows.cli.models.ledger import print_ledger
from flows.cli.shell.answer import Answer, answering


@answering()
def demo() -> Answer:
    """The whole loop on ELPV's solar cells: promote, drift, retrain, reject a sabotaged model, roll back."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the story is told; the UI has the log
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.demo.story import tell

    return Answer(tell(), _close)


def _close() -> None:
    """The story was told step by step; what stays of it."""
    from flows.demo.story import DOMAIN, console, where_to_look
    from registry.ledger.ledger import Ledger
    from settings.machine import load_settings

    print_ledger(DOMAIN, Ledger(load_settings().ledger).entries(DOMAIN))
    console.print(where_to_look())
