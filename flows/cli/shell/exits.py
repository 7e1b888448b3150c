"""How a command ends: one exit code an outcome, so that a script need not read what is printed."""

from enum import IntEnum
from typing import Self

import click


class Exit(IntEnum):
    """What an exit code says; the sentence is what help and docs tell of it."""

    sentence: str

    def __new__(cls, code: int, sentence: str) -> Self:
        """A number that carries its sentence."""
        member = int.__new__(cls, code)
        member._value_, member.sentence = code, sentence
        return member

    DONE = 0, "done: promoted, unchanged, scored; of monitor: no drift, or too little to judge"
    ERROR = 1, "an error of input or machine: one line on standard error"
    USAGE = 2, "wrong usage: an option, argument or path that there is not"
    HOLD = 3, "HOLD or PROVISIONAL: the gate or an approver left things as they are"
    REJECT = 4, "REJECT: the gate found the version worse or below a floor"
    NOTHING_SCORED = 5, "nothing scored: every file failed"
    DIFFERS = 6, "reproduced, but a metric differs"
    ALERT = 7, "monitor: the traffic is broken or skewed, a person should look"
    DRIFT = 8, "monitor: drift or harm; a retrain follows or is held back"
    REFUSED = 9, "check: a retrain would refuse these data"
    ROLLBACK = 10, "monitor: the new champion is worse than the one before it, which is back"
    BUSY = 11, "busy: another process works on the same; the same command will do once that has ended"


ALWAYS = (Exit.DONE, Exit.ERROR, Exit.USAGE, Exit.BUSY)
OUTCOMES = {"HOLD": Exit.HOLD, "PROVISIONAL": Exit.HOLD, "REJECT": Exit.REJECT}
CHECKED = {
    "broken data": Exit.ALERT, "skew": Exit.ALERT, "retrain": Exit.DRIFT, "hold": Exit.DRIFT,
    "rollback": Exit.ROLLBACK,
}  # fmt: skip


def write_exits(formatter: click.HelpFormatter, exits: tuple[Exit, ...]) -> None:
    """Lists exit codes in a help page."""
    with formatter.section("Exit codes"):
        formatter.write_dl([(str(int(one)), one.sentence) for one in exits])
