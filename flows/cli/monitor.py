"""The command that checks a champion's traffic, now or as it was."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.exits import CHECKED, Exit
from flows.cli.shell.moment import Moment
from flows.cli.shell.tables import print_lines, print_table

if TYPE_CHECKING:
    from tasks.watch.report import MonitorReport

REPLAYED = "replayed by the present YAML: nothing was written, started or told"


@answering(Exit.ALERT, Exit.DRIFT, Exit.ROLLBACK)
@domain_argument
@click.option("--at", type=Moment(), help="Show the check as it would have been then; nothing is started.")
@click.option("--backfill", type=Moment(), help="Show all checks of the schedule since then, or one a day and one now.")
def monitor(domain: str, at: datetime | None, backfill: datetime | None) -> Answer:
    """Check the newest traffic of DOMAIN's champion, and start what the domain's policy lets follow."""
    if at and backfill:
        raise click.UsageError("--at shows one check, --backfill many: give one of them")
    if backfill:
        return _backfilled(domain, backfill)
    found = _replay(domain, at) if at else run_flow(prepared_flow("monitor", "monitor"), domain)
    return Answer(found, lambda: _show(found), CHECKED.get(found.outcome, Exit.DONE))


def _replay(domain: str, at: datetime) -> "MonitorReport":
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.replay import replay

    return replay(domain, at)


def _backfilled(domain: str, since: datetime) -> Answer:
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.replay import backfill

    found = backfill(domain, since)

    def show() -> None:
        print_table(f"checks of {domain}", [_row(one) for one in found])
        print_lines([REPLAYED])

    return Answer(found, show)


def _show(found: "MonitorReport") -> None:
    name = found.domain if found.version is None else f"{found.domain} v{found.version}"
    time = f" at {_minute(found)}" if found.replayed else ""
    print_lines([f"{name}{time}: {found.outcome}, of {found.samples} samples", f"why: {found.reason}"])
    if found.judged:
        print_table("what was judged", [_judged(one) for one in found.judged])
    print_lines([REPLAYED] if found.replayed else found.started)
    if found.page:
        click.echo(f"page: {found.page}")


def _judged(one: dict[str, Any]) -> dict[str, str]:
    """A figure beside its threshold: of drift the most, of the metric the least that is borne."""
    return {
        "figure": one["name"], "value": _number(one["value"]), "threshold": _number(one["threshold"]),
        "verdict": one["verdict"],
    }  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _row(found: "MonitorReport") -> dict[str, str]:
    version = "-" if found.version is None else f"v{found.version}"
    return {"at": _minute(found), "champion": version, "outcome": found.outcome, "why": found.reason}


def _minute(found: "MonitorReport") -> str:
    return f"{found.time[:16].replace('T', ' ')} UTC"
