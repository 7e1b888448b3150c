"""Results for people: tables, facts and lines that can be read in a narrow terminal, in which nothing is cut."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

WORD = 20  # a column is never narrower than its longest word up to this; longer ones, such as paths, are folded
FRAME = 3  # what a column takes beside its text; one more stands before the first


def print_table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Prints rows as a table with the keys of the first as its head; where they need more room, each row as facts."""
    if not rows:
        print_lines([title, "nothing yet"])
        return
    head, body = [*rows[0]], [[str(value) for value in row.values()] for row in rows]
    widths = column_widths([[name, *cells] for name, *cells in zip(head, *body, strict=True)], _room())
    if widths is None:
        _print_records(title, head, body)
        return
    table = Table(header_style="bold")
    for name, width in zip(head, widths, strict=True):
        table.add_column(Text(name), width=width, overflow="fold")
    _print(title, table, body)


def print_facts(title: str, facts: dict[str, Any]) -> None:
    """Prints names and values in two columns; a path that does not fit stands below, for it to be copied whole."""
    told = {name: str(value) for name, value in facts.items()}
    room = _room() - 2 * FRAME - 1 - max(map(cell_len, told), default=0)
    below = [name for name, value in told.items() if len(value.split()) == 1 and cell_len(value) > room]
    inside = [name for name in told if name not in below]
    _print_records(title, inside, [[told[name] for name in inside]])
    for name in below:
        click.echo(f"{name}: {told[name]}")


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines, each wrapped between words; a word that is longer than the terminal is wide stays whole."""
    for line in lines:
        dent = line[: len(line) - len(line.lstrip(" -"))]
        wrapped = textwrap.wrap(
            line, _room(), subsequent_indent=" " * len(dent), break_long_words=False, break_on_hyphens=False
        )
        click.echo("\n".join(wrapped))


def column_widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths of columns of text, frames not counted, that fit a terminal; None: no such widths can be read.

    Short columns stay on one line where the others keep room for their longest words. Of what is left those that want
    least are served first.
    """
    wanted = [max(cell_len(line) for text in column for line in text.splitlines() or [""]) for column in columns]
    least, free = [max(map(_longest_word, column)) for column in columns], room - FRAME * len(columns) - 1
    whole = [want if want <= WORD else word for want, word in zip(wanted, least, strict=True)]
    widths = whole if sum(whole) <= free else least
    if sum(widths) > free:
        return None
    spare = free - sum(widths)
    waiting = sorted(range(len(columns)), key=lambda place: wanted[place] - widths[place])
    for served, place in enumerate(waiting):
        more = min(wanted[place] - widths[place], spare // (len(waiting) - served))
        widths[place], spare = widths[place] + more, spare - more
    return widths


def _longest_word(text: str) -> int:
    return min(WORD, max(map(cell_len, text.split()), default=0))


def _print_records(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows below each other, a line of the table for each of their values."""
    table, filled = Table(show_header=False), []
    for column in ("name", "value"):
        table.add_column(column, overflow="fold")
    for row in rows:
        filled += [[name, value] for name, value in zip(head, row, strict=True)]
    _print(title, table, filled, every=len(head))


def _print(title: str, table: Table, rows: Iterable[Sequence[str]], every: int = 0) -> None:
    """Prints a title and a table with these rows, with a line below each `every` rows."""
    print_lines([title])
    for number, row in enumerate(rows, start=1):
        # Text is shown as it is; a plain string with brackets, such as a path, would be read as markup.
        table.add_row(*map(Text, row), end_section=bool(every) and number % every == 0)
    if table.row_count:
        Console().print(table)


def _room() -> int:
    return Console().width
