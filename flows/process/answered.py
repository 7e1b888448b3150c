"""The answer of a flow before its end: a command shows it at once, while what is only reported goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SHOWN_BY: list[Callable[[Any], None]] = []


def answer(found: Any) -> None:
    """Shows what a flow has come to, if a command of this process waits for it."""
    for show in _SHOWN_BY:
        show(found)


@contextmanager
def answers_shown(show: Callable[[Any], None]) -> Iterator[list[Any]]:
    """Shows the answers of flows that run in the block as soon as they are there; yields those that were shown."""
    shown: list[Any] = []

    def show_once(found: Any) -> None:
        shown.append(found)
        show(found)

    _SHOWN_BY.append(show_once)
    try:
        yield shown
    finally:
        _SHOWN_BY.remove(show_once)
