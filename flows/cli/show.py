"""Commands that only look."""

import sys

import click

from flows.cli.console import json_option, print_facts, print_json, print_table


@click.command()
@click.argument("domain")
@json_option
def status(domain: str, as_json: bool) -> None:
    """What of DOMAIN is in production, and what it stands on."""
    from flows.environment import prepare_environment

    prepare_environment()
    from flows.status import domain_status

    found = domain_status(domain)
    print_json(found) if as_json else print_facts(domain, found.model_dump())


@click.command()
@click.option("--fix", is_flag=True, help="Repair what can be repaired.")
@json_option
def doctor(fix: bool, as_json: bool) -> None:
    """Check installation, weights, databases, aliases and data."""
    from flows.environment import prepare_environment

    prepare_environment()
    from flows.doctor import examine

    found = examine(fix=fix)
    if as_json:
        print_json(found)
    else:
        print_table(
            "doctor", [{"check": one.check, "": "ok" if one.ok else "FAULT", "found": one.found} for one in found]
        )
    sys.exit(0 if all(one.ok for one in found) else 1)
