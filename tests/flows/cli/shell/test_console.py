"""What the commands share: lists as they are typed, and results as JSON."""

import json
import logging
import socket
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from flows.cli.shell.console import _is_no_fault, _says_who_shows, listed, print_json


@dataclass(frozen=True)
class Inner:
    """A value."""

    value: float


@click.command()
@click.option("--wanted", required=True, callback=listed)
@click.option("--more", callback=listed)
def names(wanted: tuple[str, ...], more: tuple[str, ...]) -> None:
    """Prints both lists."""
    click.echo(f"{wanted} {more}")


def test_listed__at_the_commas():
    """Blanks and empty names fall away; an option that may be left out is empty then."""
    assert CliRunner().invoke(names, ["--wanted", " a,, b ,"]).output == "('a', 'b') ()\n"


@pytest.mark.parametrize("given", ["", " , "])
def test_listed__names_nothing(given):
    """An option that must be given must name something."""
    found = CliRunner().invoke(names, ["--wanted", given])
    assert (found.exit_code, "names nothing" in found.output) == (2, True)


def test_print_json__paths(capsys):
    """Paths become text."""
    print_json({"page": Path("/a")})
    assert json.loads(capsys.readouterr().out) == {"page": "/a"}


def test_print_json__what_json_does_not_know(capsys):
    """A value inside a value is written by its fields, a table by its rows, and what is no number as null."""
    table = pd.DataFrame({"n": [1]})
    print_json({"inner": (Inner(float("nan")),), "table": table})
    assert json.loads(capsys.readouterr().out) == {"inner": [{"value": None}], "table": [{"n": 1}]}


def test_says_who_shows__where_nothing_listens():
    """The link to a run stands with the command that shows it, until a server does; other lines stay as they are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        page = f"http://127.0.0.1:{server.getsockname()[1]}/runs/1"
        assert said(f"View at {page}") == f"View at {page}"
    assert said(f"View at {page}") == f"View at {page} (`regraft up` shows it)"
    assert said("View at https://prefect.example.org/runs/1") == "View at https://prefect.example.org/runs/1"
    assert said(f"trained, {page}") == f"trained, {page}"


def test_is_no_fault__a_pause_at_the_end():
    """That Prefect still sends events is no news behind the line that says what was refused."""
    lines = ["Still processing items: 1 items remaining...", "disk is nearly full"]
    records = [logging.LogRecord("EventsWorker", logging.WARNING, "", 0, line, None, None) for line in lines]
    assert [_is_no_fault(record) for record in records] == [False, True]


def said(line):
    """What stands on the console for a line of the log."""
    record = logging.LogRecord("prefect", logging.INFO, "", 0, line, None, None)
    assert _says_who_shows(record)
    return record.getMessage()
