"""How classes and splits are written by people, and the one spelling that Regraft knows them by."""

import unicodedata

from data.errors import SourceError

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def split_name(text: str) -> str | None:
    """The split that a word means; None for any other word."""
    return SPLIT_NAMES.get(text.strip().casefold())


def class_name(text: str) -> str:
    """A class without spaces around it, in Unicode's composed form: macOS writes `é` as two signs, Linux as one."""
    return unicodedata.normalize("NFC", text).strip()


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
