"""The command that shows or ends a canary."""

from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts, print_lines

if TYPE_CHECKING:
    from serving.canary.conducting import Standing


@answering()
@domain_argument
@click.option("--stop", is_flag=True, help="End it: the champion answers all requests again.")
def canary(domain: str, stop: bool) -> Answer:
    """How the canary of DOMAIN stands: a challenger that answers a share of requests until there is evidence."""
    from flows.process.environment import prepare_environment

    settings = prepare_environment()
    from serving.canary.conducting import standing
    from serving.canary.conducting import stop as stop_canary
    from tasks.domain import load_domain

    load_domain(domain)
    if stop:
        ended = stop_canary(domain, settings.who)
        told = f"v{ended.version} is no canary any more" if ended else f"{domain} has no canary"
        return Answer({"stopped": ended.version if ended else None}, lambda: print_lines([told]))
    found = standing(domain)
    return Answer(found, lambda: _show(domain, found))


def _show(domain: str, found: "Standing | None") -> None:
    if found is None:
        print_lines(
            [f"{domain} has no canary; gate.canary of its YAML gives PROVISIONAL challengers a share of requests"]
        )
        return
    figures = found.finding.figures
    gain = "no labels yet" if figures.gain is None else f"{100 * figures.gain:+.1f} points"
    agreement = "no requests yet" if figures.agreement is None else f"{100 * figures.agreement:.1f} %"
    silent = "no requests yet" if figures.abstains is None else f"{100 * figures.abstains:+.1f} points"
    proof = figures.needed
    print_facts(f"{domain}: v{found.canary.version} is the canary of v{found.champion}", {
        "since": f"{found.canary.since:%Y-%m-%d %H:%M} UTC, {found.canary.hours():.1f} hours",
        "answers": f"{100 * found.share:g} % of the callers",
        "right oftener": f"{gain} on {figures.labelled} labelled groups",
        "agrees": f"{agreement} of {figures.compared} groups",
        "loses at most": f"{figures.margin:.3g}: evidence {figures.as_good:.3g} with labels, "
        f"{figures.as_good_unlabelled:.3g} without; {proof:.3g} is proof",
        "is worse": f"evidence {figures.worse:.3g}; {proof / 2:.3g} is proof",
        "abstains oftener": silent,
        "fails alone on": f"{figures.failed} samples",
    })  # fmt: skip
    print_lines([f"{found.finding.end or 'goes on'}: {found.finding.reason}"])
