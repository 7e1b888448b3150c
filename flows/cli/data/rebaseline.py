"""The command that makes the present traffic what later traffic is compared with."""

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts


@answering()
@domain_argument
@click.option("--reason", required=True, help="Why, for those who look later.")
@click.option("--yes", is_flag=True, help="Accept it though it looks broken: unreadable, stuck, dark, of another size.")
def rebaseline(domain: str, reason: str, yes: bool) -> Answer:
    """The present traffic of DOMAIN is as it should be: later checks compare with it.

    Traffic that a check would call broken is refused.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.rebaseline import rebaseline as accept

    found = accept(domain, reason, broken=yes)
    told = {"accepted": f"{found.samples} samples of v{found.version}", "last check": found.last_check or "none yet"}
    return Answer(found, lambda: print_facts(domain, told))
