"""The command that removes a domain."""

from functools import partial
from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.tables import print_lines

if TYPE_CHECKING:
    from tasks.leaving.removal import Removal


@answering()
@domain_argument
@click.option("--dry-run", is_flag=True, help="Only say what would go and what would stay.")
@click.option("--reason", default="asked for", help="For the ledger.")
@click.option("--yes", is_flag=True, help="Do not ask; there is no way back.")
def remove(domain: str, dry_run: bool, reason: str, yes: bool) -> Answer:
    """Remove DOMAIN: schedules, models, data, caches and its YAML. A new domain of that name begins anew.

    The source's own files stay, and so do the ledger's rows. It refuses while the domain trains; interrupted, the same
    command goes on.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    from tasks.leaving.removal import plan_removal

    planned = plan_removal(domain)
    if dry_run:
        return Answer(planned, partial(show_removal, planned))
    if not yes:
        show_removal(planned)
        click.confirm(f"Remove {domain} for good?", abort=True, err=True)
    found = run_flow(prepared_flow("project.remove", "remove"), domain, reason)
    return Answer(found, partial(show_removal, found))


def show_removal(found: "Removal") -> None:
    """Prints what goes, or has gone, and what stays."""
    verb = "has gone" if found.done else "goes"
    for title, lines in {f"what {verb} with {found.domain}": found.goes, "what stays": found.stays}.items():
        print_lines([f"{title}:", *(f"- {line}" for line in lines)])
