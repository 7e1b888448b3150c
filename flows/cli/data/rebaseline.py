"""The command that makes the present traffic what later traffic is compared with."""

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts


@answering()
@domain_argument
@click.option("--reason", required=True, help="Why, for those who look later.")
def rebaseline(domain: str, reason: str) -> Answer:
    """The present traffic of DOMAIN is as it should be: later checks compare with it."""
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.rebaseline import rebaseline as accept

    found = accept(domain, reason)
    told = f"{found.samples} samples of v{found.version}"
    return Answer(found, lambda: print_facts(domain, {"accepted": told}))
