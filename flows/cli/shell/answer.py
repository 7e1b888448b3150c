"""How a command answers: it returns a value, which is printed for people or, with --json, for machines."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import click

from flows.cli.shell.console import print_json
from flows.cli.shell.exits import ALWAYS, Exit, write_exits


@dataclass(frozen=True)
class Answer:
    """What a command came to: the value for machines, what prints it for people, and how the process ends."""

    value: Any
    show: Callable[[], None]
    code: Exit = Exit.DONE


class AnsweringCommand(click.Command):
    """A command whose function returns an Answer; it takes `--json` by itself and ends with the answer's exit code.

    `exits` are the codes that it may end with besides those of every command.
    """

    def __init__(self, *args: Any, exits: tuple[Exit, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exits = (*ALWAYS, *exits)
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print JSON and nothing else."))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command, prints what came of it and ends with its code; with --json stdout holds only the JSON."""
        if ctx.params.pop("as_json"):
            with redirect_stdout(sys.stderr):
                answer: Answer = super().invoke(ctx)
            print_json(answer.value)
        else:
            answer = super().invoke(ctx)
            answer.show()
        ctx.exit(answer.code)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Says what the exit codes mean."""
        super().format_epilog(ctx, formatter)
        write_exits(formatter, self.exits)


def answering(*exits: Exit) -> Callable[[Callable[..., Answer]], AnsweringCommand]:
    """Makes a command of a function that returns an Answer; `exits` are its codes besides 0, 1 and 2."""
    return click.command(cls=AnsweringCommand, exits=exits)
