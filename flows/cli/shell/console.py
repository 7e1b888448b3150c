"""What the commands share: flows set up for a terminal, and results as JSON."""

import importlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from math import isfinite
from typing import Any, TypeVar

import click
from pydantic import BaseModel

from settings.errors import RegraftError

Result = TypeVar("Result")
LINK = "View at "  # how Prefect begins the line
WAITS = "Still processing items"  # how Prefect says at its end that events are still being sent, which it waits for


def domain_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The name of a domain, which the shell completes."""
    return click.argument("domain", shell_complete=domains_like)(command)


def listed(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The names of an option that takes several with commas; an option that must be given must name one."""
    names = tuple(filter(None, map(str.strip, (value or "").split(","))))
    if option.required and not names:
        raise click.BadParameter(f"{value!r} names nothing")
    return names


def run_flow(flow: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Runs a Prefect flow and leaves no process behind; its log is without the traceback of what a user can mend."""
    from flows.cli.shell.guard import guarded
    from flows.cli.shell.server import TemporaryServer, none_is_told

    with guarded():
        server = TemporaryServer() if none_is_told() else None
        loaded = flow.load() if isinstance(flow, PreparedFlow) else flow  # while the server starts
        _quieten()
        if server:
            server.wait()
        from flows.process.abandoned import crash_abandoned_commands, marked  # Prefect only where a flow runs

        crash_abandoned_commands()
        with marked():
            return loaded(*args, **kwargs)


@dataclass(frozen=True)
class PreparedFlow:
    """A flow by its names, to be imported once a server for it has been begun."""

    module: str
    name: str

    def load(self) -> Callable[..., Any]:
        """Imports it."""
        flow: Callable[..., Any] = getattr(importlib.import_module(f"flows.{self.module}"), self.name)
        return flow

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs it without more ado."""
        return self.load()(*args, **kwargs)


def prepared_flow(module: str, name: str) -> Callable[..., Any]:
    """A flow, for which the environment that its libraries read has been set."""
    from flows.process.environment import prepare_environment  # reads settings, which help need not

    prepare_environment()
    return PreparedFlow(module, name)


def _quieten() -> None:
    """Takes tracebacks of what a user can mend out of Prefect's log on the console."""
    from prefect.logging.configuration import setup_logging  # Prefect only where a flow runs
    from prefect.logging.handlers import PrefectConsoleHandler

    setup_logging()  # a later call by Prefect itself keeps the handlers that this one makes
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.addFilter(_is_no_fault)
            handler.addFilter(_says_who_shows)


def print_json(value: Any) -> None:
    """Prints a value as JSON; dataclasses, models, tables and paths are written as what they hold."""
    click.echo(json.dumps(_plain(value), indent=2, default=str, allow_nan=False))


def _plain(value: Any) -> Any:
    """A value in JSON's own kinds: a field of a dataclass by its name, a table by its rows, what is no number null."""
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(mode="json"))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "to_dict"):  # pandas, which need not be imported for it
        return _plain(value.to_dict("records"))
    return None if isinstance(value, float) and not isfinite(value) else value


def domains_like(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Domains of the project that begin so; outside of one there are none."""
    from settings.machine import load_settings

    return sorted(path.stem for path in (load_settings().root / "domains").glob(f"{typed}*.yaml"))


def _says_who_shows(record: logging.LogRecord) -> bool:
    """True; the link to a run's page says how that is shown, where no server shows it."""
    from flows.process.environment import shown_at

    if str(record.msg).startswith(LINK):
        record.msg = LINK + shown_at(str(record.msg).removeprefix(LINK))
    return True


def _is_no_fault(record: logging.LogRecord) -> bool:
    """False for a log line about an error that the command line shows itself in one line, or about no fault."""
    found = record.exc_info[1] if record.exc_info else None
    said = record.getMessage()
    return not isinstance(found, RegraftError) and "Failed(" not in said and not said.startswith(WAITS)
