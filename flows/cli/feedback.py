"""The command that files labels."""

from pathlib import Path

import click

from flows.cli.answer import Answer, answering
from flows.cli.console import domain_argument
from flows.cli.tables import print_facts


@answering()
@domain_argument
@click.argument("table", type=click.Path(path_type=Path))
def feedback(domain: str, table: Path) -> Answer:
    """File TABLE (of path,label and, where they exist, group, weight and slices) as labels for DOMAIN."""
    from data.stages.feedback import add_feedback
    from tasks.domain import load_domain

    config = load_domain(domain)
    found = add_feedback(config.root, domain, table, config.data)
    known = {"labels": found.rows, "table": found.path}
    remedy = f"add a class to tasks.{config.data.headline}.classes, or correct the table and file it again"
    strange = {"unknown": f"{', '.join(f'{label} ({count})' for label, count in found.unknown.items())}; {remedy}"}
    facts = {**known, **strange} if found.unknown else known
    return Answer(found, lambda: print_facts(f"{domain}: labels filed; the next retrain reads them", facts))
