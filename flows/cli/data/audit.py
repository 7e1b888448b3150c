"""The command that audits data."""

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.tables import print_facts


@answering()
@domain_argument
def audit(domain: str) -> Answer:
    """Look for near-duplicates, wrong labels and planted samples in the data of DOMAIN.

    Writes a page to look through and a table of every finding. All splits are looked at; nothing is changed.
    """
    found = run_flow(prepared_flow("project.audit", "audit"), domain)
    facts = {
        **found.counts,
        **{check: f"left out: {reason}" for check, reason in found.left_out.items()},
        "page": found.page,
        "table": found.table,
        "MLflow run": found.run_id,
    }
    return Answer(found, lambda: print_facts(f"{domain}: {found.samples} samples audited", facts))
