"""The command that judges a domain without training."""

import sys

import click

from flows.cli.console import json_option, print_facts, print_json


@click.command()
@click.argument("domain")
@json_option
def check(domain: str, as_json: bool) -> None:
    """Judge the YAML and the source of DOMAIN without training; exit code 1 where a retrain would be refused."""
    from tasks.check import check_domain

    found = check_domain(domain)
    if as_json:
        print_json(found)
    else:
        facts = {
            "samples": f"{found.samples}, of which {found.accepted} are accepted",
            "classes": ", ".join(f"{name}: {count}" for name, count in found.classes.items()),
            "given splits": ", ".join(f"{name}: {count}" for name, count in found.splits.items()) or "none",
            "left out": "\n".join(found.left_out) or "nothing",
            "quarantine": "\n".join(found.quarantine) or "nothing",
            "notices": "\n".join(found.notices) or "none",
            "verdict": "\n".join(f"refused: {why}" for why in found.failures) or "a retrain would go on",
            "page": found.page,
        }
        print_facts(domain, facts)
    if found.failures:
        sys.exit(1)
