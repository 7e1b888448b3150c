"""The command about train, validation and test."""

import click

from flows.cli.shell.answer import Answer, AnsweringCommand
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.tables import print_facts


@click.group()
def split() -> None:
    """Train, validation and test of a domain."""


@split.command(cls=AnsweringCommand)
@domain_argument
def refresh(domain: str) -> Answer:
    """Draw a fresh test set for DOMAIN from newer data, when the present one was looked at too often.

    The present test set goes to training. Only groups that no version in production learned from can replace it.
    """
    found = run_flow(prepared_flow("refresh", "refresh"), domain)
    facts = {"left for training": found.retired, "fresh test samples": found.fresh, "test set number": found.generation}
    told = {**facts, "next": f"regraft retrain {domain}"}
    return Answer(found, lambda: print_facts(f"{domain} has a fresh test set", told))
