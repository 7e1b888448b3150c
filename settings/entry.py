"""How a stage runs by hand: `python -m data.STAGE DOMAIN`, without Prefect."""

import logging
import sys
from collections.abc import Callable

from settings.errors import RegraftError


def stage_main(run: Callable[[str], None]) -> None:
    """Runs `run` on the one argument; a fault of input is one line on standard error and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if len(sys.argv) != 2:  # the program and its argument
        sys.exit("error: give the name of one domain, for example: solar")
    try:
        run(sys.argv[1])
    except RegraftError as error:
        sys.exit(f"error: {error}")
