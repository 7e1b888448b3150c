"""The command that files labels."""

from pathlib import Path
from typing import Any

import click

from flows.cli.answer import Answer, answering
from flows.cli.console import domain_argument
from flows.cli.tables import print_facts


@answering()
@domain_argument
@click.argument("table", type=click.Path(path_type=Path))
def feedback(domain: str, table: Path) -> Answer:
    """File TABLE as labels that came back for DOMAIN.

    A column label, and one that says of what: id (of a prediction), key (the caller's own), hash (sha256 of the
    content) or path. Labels of paths, with group, weight and slices where there are such columns, are what the next
    retrain learns from as well.
    """
    from tasks.feedback import file_feedback

    found = file_feedback(domain, table)
    return Answer(found, lambda: _show(domain, found))


def _show(domain: str, found: Any) -> None:
    facts = {"labels": found.rows, "of predictions": f"{found.labels}, told with them from now on"}
    if found.path:
        facts["table"] = found.path
    if found.unknown:
        told = ", ".join(f"{label} ({count})" for label, count in found.unknown.items())
        facts["unknown"] = f"{told}; add a class to {found.where}, or correct the table and file it again"
    learned = "the next retrain reads them" if found.path else "no files, so that no retrain can learn from them"
    print_facts(f"{domain}: labels filed; {learned}", facts)
