"""How commands answer, to people and to machines."""

import json
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from flows.cli import COMMANDS, regraft
from flows.cli.shell.answer import Answer, AnsweringCommand, answering
from flows.cli.shell.exits import Exit

ENDLESS = {"up", "serve", "logs"}  # they print what comes, and end by Ctrl-C


@dataclass(frozen=True)
class Found:
    """A value."""

    outcome: str


@answering(Exit.HOLD)
def hold() -> Answer:
    """Holds."""
    click.echo("on the way")
    return Answer(Found("HOLD"), lambda: click.echo("it is held"), Exit.HOLD)


def commands() -> list[tuple[str, click.Command]]:
    """Every command, those of groups by their group's name."""
    context, found = click.Context(regraft), []
    for name in set(COMMANDS) - ENDLESS:
        command = regraft.get_command(context, name)
        inner = command.commands.items() if isinstance(command, click.Group) else [("", command)]
        found += [(f"{name} {below}".strip(), one) for below, one in inner]
    return sorted(found, key=lambda one: one[0])


def test_answering__for_people():
    """The page, and the code of what came of it."""
    ran = CliRunner().invoke(hold)
    assert (ran.exit_code, ran.stdout) == (3, "on the way\nit is held\n")


def test_answering__for_machines():
    """Standard output holds the JSON and nothing else; what was said on the way goes to standard error."""
    ran = CliRunner().invoke(hold, ["--json"])
    assert (ran.exit_code, json.loads(ran.stdout)) == (3, {"outcome": "HOLD"})
    assert ran.stderr == "on the way\n"


def test_answering__help():
    """Help tells the codes that the command may end with."""
    shown = CliRunner().invoke(hold, ["--help"]).stdout
    assert ("3   HOLD" in shown, "4   REJECT" in shown, "--json" in shown) == (True, False, True)


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_answering__every_command(name, command):
    """Every command that ends by itself answers machines, too, in the same way."""
    assert isinstance(command, AnsweringCommand), name
