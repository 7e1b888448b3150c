"""The commands of the servers: start, look, end."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.tables import print_lines, print_table

if TYPE_CHECKING:
    from flows.scheduler.crew.control import Member

LOOK = 0.3
WELL = {None: "-", True: "yes", False: "no"}


@click.command()
@click.option(
    "--profile", default="", help="Servers of this project's own besides: postgres, s3, or both; kept in .env."
)
@click.option("--detach", is_flag=True, help="Leave them running and return; `regraft down` ends them.")
def up(profile: str, detach: bool) -> None:
    """Run the Prefect UI, the MLflow UI, the models and the schedules of all domains until Ctrl-C.

    A server that dies, or that answers no more, is started again.
    """
    from flows.process.environment import prepare_environment

    if profile:
        from flows.scheduler.embedded.profile import choose
        from settings.machine import load_settings

        choose(load_settings(), [name.strip() for name in profile.split(",")])
    settings = prepare_environment()
    from flows.scheduler.up import up as run_servers

    sys.exit(run_servers(settings, detach=detach))


@answering()
def down() -> Answer:
    """End all that `regraft up` started in this project, whoever did so."""
    from flows.scheduler.crew.control import end
    from settings.machine import load_settings

    end(load_settings())
    return Answer({"ended": True}, lambda: print_lines(["all have ended"]))


@answering()
def ps() -> Answer:
    """The servers of this project: since when each runs, with how much memory, and whether it answers."""
    from flows.scheduler.crew.control import members
    from settings.machine import load_settings

    found = members(load_settings())
    return Answer(found, lambda: print_table("processes", [_row(one) for one in found]))


def _row(one: "Member") -> dict[str, Any]:
    """A process in as few letters as a terminal of 80 columns holds."""
    return {
        "process": one.name, "state": one.state, "pid": one.pid or "-",
        "since (UTC)": one.since[5:16].replace("T", " ") or "-", "MB": one.megabytes,
        "page": one.address.removeprefix("http://") or "-", "well": WELL[one.answers],
    }  # fmt: skip


@click.command()
@click.argument("process", required=False)
@click.option("--lines", default=50, show_default=True, help="How many of the last lines.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
def logs(process: str | None, lines: int, follow: bool) -> None:
    """What the servers wrote, of all or of one PROCESS as `regraft ps` names it."""
    from flows.scheduler.crew.logs import Followed, last_lines, log_files
    from settings.machine import load_settings

    files = log_files(load_settings(), process)
    followed = Followed(files)
    for name, path in files.items():
        for line in last_lines(path, lines):
            click.echo(f"{name} | {line}")
    while follow:
        for name, line in followed.lines():
            click.echo(f"{name} | {line}")
        time.sleep(LOOK)
