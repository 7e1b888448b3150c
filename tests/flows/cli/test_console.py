"""What the commands share: lists as they are typed, and results as tables or JSON."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flows.cli.console import listed, print_facts, print_json


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


def test_print_facts__brackets(capsys):
    """A path or class with brackets is shown as it is, not taken for markup."""
    print_facts("title [/b]", {"file": "/data/[bold]/[/red].png"})
    assert "/data/[bold]/[/red].png" in capsys.readouterr().out


def test_print_json__paths(capsys):
    """Paths become text."""
    print_json({"page": Path("/a")})
    assert json.loads(capsys.readouterr().out) == {"page": "/a"}
