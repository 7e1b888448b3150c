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
@click.option("--approve", is_flag=True, help="Agree to what the newest check asks for, and start it.")
@click.option("--release", is_flag=True, help="Let the samples that rollbacks keep out of training in again.")
@click.option("--reason", default="", help="Why, for those who look later.")
def alerts(domain: str | None, mute: float | None, reason: str, **said: bool) -> Answer:
    """What the newest check of DOMAIN, or of every domain, calls for."""
    from flows.process.environment import prepare_environment

    asked = [name for name, given in said.items() if given] + ["mute"] * (mute is not None)
    if len(asked) > 1 or (asked and not domain):
        raise click.UsageError(
            "one of --acknowledge, --mute, --reset, --approve and --release at a time, of one DOMAIN"
        )
    prepare_environment()
    from flows.shown import alerts as watch

    if not domain or not asked:
        found = watch.alerts([domain] if domain else [])
    elif mute is not None:
        found = [watch.mute(domain, mute, reason)]
    else:
        found = [getattr(watch, asked[0])(domain, reason)]
    return Answer(found, lambda: _show(found))


def _show(found: "list[Standing]") -> None:
    print_table("alerts", [_row(one) for one in found])
    print_lines(f"{one.domain}: {one.reason}; {one.delivery or 'nothing was started'}" for one in found if one.open)
    kept = "samples of the traffic that led to a rollback stay out of training; --release lets them in"
    print_lines(f"{one.domain}: {one.withheld} {kept}" for one in found if one.withheld)


def _row(one: "Standing") -> dict[str, str]:
    return {
        "domain": one.domain,
        "newest check": one.outcome,
        "at": f"{one.time[:16].replace('T', ' ')} UTC" if one.time else "-",
        "calls for you": "yes" if one.open else "no",
        "muted until": f"{one.muted[:16].replace('T', ' ')} UTC" if one.muted else "-",
    }
