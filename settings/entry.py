"""How a stage runs by hand: `python -m data.STAGE DOMAIN`, without Prefect."""

import logging
import sys
from collections.abc import Callable

from settings.errors import RegraftError

REFUSED = 65  # the exit code EX_DATAERR of sysexits.h: input that stays at fault however often the stage is run


def stage_main(run: Callable[[str], None]) -> None:
    """Runs `run` on the one argument; a fault is one line on standard error, exit code 65 one of input, 1 any other."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if len(sys.argv) != 2:  # the program and its argument
        sys.exit("error: give the name of one domain, for example: solar")
    try:
        run(sys.argv[1])
    except RegraftError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the stage's own error line
        sys.exit(REFUSED if isinstance(error, ValueError | LookupError) else 1)
