"""The command that files labels."""

from pathlib import Path
from typing import Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts


@answering()
@domain_argument
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--from-log", is_flag=True, help="Learn from inputs that were kept and have a label by now.")
def feedback(domain: str, table: Path | None, from_log: bool) -> Answer:
    """File TABLE as labels that came back for DOMAIN.

    A column label, and one that says of what: id (of a prediction), key (the caller's own), hash (sha256 of the
    content) or path. Labels of paths, with group, weight and slices where there are such columns, are what the next
    retrain learns from as well.
    """
    from tasks.feedback import file_feedback, learn_from_log

    if from_log == bool(table):
        raise click.UsageError("name a table, or give --from-log")
    found = file_feedback(domain, table) if table else learn_from_log(domain)
    return Answer(found, lambda: _show(domain, found))


def _matched(found: Any) -> str:
    waiting = found.labels - found.matched
    others = f"; of {waiting} no prediction is there: an id, key or path is wrong, or was never scored"
    return f"{found.matched} of {found.labels} are in the log" + (others if waiting else "")


def _show(domain: str, found: Any) -> None:
    facts = {"labels": found.rows, "of predictions": _matched(found)}
    if found.path:
        facts["table"] = found.path
    if found.unknown:
        told = ", ".join(f"{label} ({count})" for label, count in found.unknown.items())
        facts["unknown"] = f"{told}; add a class to {found.where}, or correct the table and file it again"
    learned = "the next retrain reads them" if found.path else "no files, so that no retrain can learn from them"
    print_facts(f"{domain}: labels filed; {learned}", facts)
