"""The command that audits data."""

import click

from flows.cli.console import json_option, prepared_flow, print_facts, print_json, run_flow


@click.command()
@click.argument("domain")
@json_option
def audit(domain: str, as_json: bool) -> None:
    """Look for near-duplicates, wrong labels and planted samples in the data of DOMAIN.

    Writes a page to look through and a table of every finding. All splits are looked at; nothing is changed.
    """
    found = run_flow(prepared_flow("audit", "audit"), domain)
    if as_json:
        print_json(found)
        return
    facts = {
        **found.counts,
        **{check: f"left out: {reason}" for check, reason in found.left_out.items()},
        "page": found.page,
        "table": found.table,
        "MLflow run": found.run_id,
    }
    print_facts(f"{domain}: {found.samples} samples audited", facts)
