"""Commands that only look."""

import sys
from datetime import datetime

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
@click.argument("domain")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    help="Which version was in production then.",
)
@json_option
def ledger(domain: str, at: datetime | None, as_json: bool) -> None:
    """Every promotion and rollback of DOMAIN, oldest first."""
    from data.settings import load_settings
    from flows.config import load_domain
    from registry.ledger import Ledger

    name, book = load_domain(domain).name, Ledger(load_settings().ledger)
    if at is not None:
        found = {"domain": name, "at": at.isoformat(), "champion": book.at(name, at)}
        print_json(found) if as_json else print_facts(name, found)
        return
    entries = [vars(entry) for entry in book.entries(name)]
    if as_json:
        print_json(entries)
        return
    shown = ("sequence", "action", "from_version", "to_version", "actor", "time", "reason", "evidence")
    rows = [{key: str(entry[key])[:12] if key == "evidence" else entry[key] for key in shown} for entry in entries]
    print_table(f"ledger of {name}", rows)


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
