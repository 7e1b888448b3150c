"""Commands that only look."""

from typing import Any

import click

from flows.cli.answer import Answer, answering
from flows.cli.console import print_facts, print_table
from flows.cli.exits import Exit


@answering()
@click.argument("domain")
def status(domain: str) -> Answer:
    """What of DOMAIN is in production, and what it stands on."""
    from flows.environment import prepare_environment

    prepare_environment()
    from flows.status import domain_status

    found = domain_status(domain)
    return Answer(found, lambda: print_facts(domain, found.model_dump()))


@answering()
@click.option("--fix", is_flag=True, help="Repair what can be repaired.")
def doctor(fix: bool) -> Answer:
    """Check installation, weights, databases, aliases and data."""
    from flows.environment import prepare_environment

    prepare_environment()
    from flows.doctor import examine

    found = examine(fix=fix)
    return Answer(found, lambda: _findings(found), Exit.DONE if all(one.ok for one in found) else Exit.ERROR)


def _findings(found: list[Any]) -> None:
    rows = [{"check": one.check, "": "ok" if one.ok else "FAULT", "found": one.found} for one in found]
    print_table("doctor", rows)
