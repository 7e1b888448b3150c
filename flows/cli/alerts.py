"""The command that lists what checks call for, and takes what people say to it."""

from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domains_like
from flows.cli.shell.tables import print_lines, print_table

if TYPE_CHECKING:
    from flows.shown.alerts import Standing


@answering()
@click.argument("domain", required=False, shell_complete=domains_like)
@click.option("--acknowledge", is_flag=True, help="The newest check of DOMAIN is known to somebody.")
@click.option(
    "--mute", type=click.FloatRange(0, 8760), metavar="HOURS", help="Start nothing and tell nobody; 0 ends it."
)
@click.option("--reset", is_flag=True, help="Start retrains again after too many that changed nothing.")
@click.option("--reason", default="", help="Why, for those who look later.")
def alerts(domain: str | None, acknowledge: bool, mute: float | None, reset: bool, reason: str) -> Answer:
    """What the newest check of DOMAIN, or of every domain, calls for."""
    from flows.process.environment import prepare_environment

    asked = [acknowledge, mute is not None, reset]
    if sum(asked) > 1 or (any(asked) and not domain):
        raise click.UsageError("one of --acknowledge, --mute and --reset at a time, and of one DOMAIN")
    prepare_environment()
    from flows.shown import alerts as watch

    if domain and acknowledge:
        found = [watch.acknowledge(domain, reason)]
    elif domain and mute is not None:
        found = [watch.mute(domain, mute, reason)]
    elif domain and reset:
        found = [watch.reset(domain, reason)]
    else:
        found = watch.alerts([domain] if domain else [])
    return Answer(found, lambda: _show(found))


def _show(found: "list[Standing]") -> None:
    print_table("alerts", [_row(one) for one in found])
    print_lines(f"{one.domain}: {one.reason}; {one.delivery or 'nothing was started'}" for one in found if one.open)


def _row(one: "Standing") -> dict[str, str]:
    return {
        "domain": one.domain,
        "newest check": one.outcome,
        "at": f"{one.time[:16].replace('T', ' ')} UTC" if one.time else "-",
        "calls for you": "yes" if one.open else "no",
        "muted until": f"{one.muted[:16].replace('T', ' ')} UTC" if one.muted else "-",
    }
