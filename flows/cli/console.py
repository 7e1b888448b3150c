"""What the commands share: flows set up for a terminal, and results as tables or JSON."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from settings.errors import RegraftError

Result = TypeVar("Result")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def listed(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The names of an option that takes several with commas; an option that must be given must name one."""
    names = tuple(filter(None, map(str.strip, (value or "").split(","))))
    if option.required and not names:
        raise click.BadParameter(f"{value!r} names nothing")
    return names


def run_flow(flow: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Runs a Prefect flow; the terminal gets its log without the traceback of a fault that a user can mend."""
    from prefect.logging.configuration import setup_logging  # Prefect only where a flow runs
    from prefect.logging.handlers import PrefectConsoleHandler

    setup_logging()  # a later call by Prefect itself keeps the handlers that this one makes
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.addFilter(_is_no_fault)
    return flow(*args, **kwargs)


def prepared_flow(module: str, name: str) -> Callable[..., Any]:
    """A flow, imported after the environment that its libraries read has been set."""
    import importlib

    from flows.environment import prepare_environment  # reads settings, which help need not

    prepare_environment()
    flow: Callable[..., Any] = getattr(importlib.import_module(f"flows.{module}"), name)
    return flow


def print_json(value: Any) -> None:
    """Prints a value as JSON; dataclasses, models and paths are written as what they hold."""
    click.echo(json.dumps(_plain(value), indent=2, default=str))


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
    """Prints rows as a table with the keys of the first as its head."""
    # Text is shown as it is; a plain string with brackets, such as a path, would be read as markup.
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for column in rows[0] if rows else ["nothing yet"]:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    Console().print(table)


def print_facts(title: str, facts: dict[str, Any]) -> None:
    """Prints names and values as a table of two columns."""
    print_table(title, [{"": name, " ": value} for name, value in facts.items()])


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _is_no_fault(record: logging.LogRecord) -> bool:
    """False for a log line about an error that the command line shows itself, in one line."""
    found = record.exc_info[1] if record.exc_info else None
    return not isinstance(found, RegraftError) and "Failed(" not in record.getMessage()
