"""How domains, classes and splits are written by people, and the one spelling that Regraft knows them by."""

import re
import unicodedata
from collections.abc import Iterable

from data.errors import SourceError
from settings.errors import ConfigError

DOMAIN_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
COMMANDS = {"verify"}  # `regraft ledger verify` is a command of its own

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def check_domain_name(name: str) -> None:
    """Raises ConfigError for a name that is none for a file on every system, a stage, an experiment and a command."""
    if not DOMAIN_NAME.fullmatch(name):
        rule = "1 to 41 small letters, digits, - and _, a letter first"
        raise ConfigError(f"domain name {name[:60]!r}: {rule}; choose another")
    if name in DEVICES:
        raise ConfigError(f"domain name {name!r} is a device on Windows, where no file can have it; choose another")
    if name in COMMANDS:
        raise ConfigError(f"domain name {name!r} means something else on the command line; choose another")


def split_name(text: str) -> str | None:
    """The split that a word means; None for any other word."""
    return SPLIT_NAMES.get(text.strip().casefold())


def class_name(text: str) -> str:
    """A class without spaces around it, in Unicode's composed form: macOS writes `é` as two signs, Linux as one."""
    return unicodedata.normalize("NFC", text).strip()


def few(names: Iterable[str], most: int = 10) -> str:
    """Names with commas between them; of many the first ones, and how many more there are."""
    known = list(names)
    rest = len(known) - most
    return ", ".join(known[:most]) + (f", and {rest} more" if rest > 0 else "")


class ClassNames:
    """The classes of one source as they are met; two that differ only in case or space are no two classes."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The class that a text means.

        Raises:
            SourceError: a class met before differs from it only in case or space.
        """
        name = class_name(text)
        first = self._known.setdefault("".join(name.casefold().split()), name)
        if first != name:
            one, other = sorted((first, name))
            raise SourceError(f"classes {one!r} and {other!r} differ only in case or space; rename one of them")
        return name
