"""The command that says how good a version is."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts, print_lines, print_table

if TYPE_CHECKING:
    from evaluation.report.page import Report
    from evaluation.report.summary import ClassRow

SHOWN = 20


@answering()
@domain_argument
@click.argument("version", type=int, required=False)
def report(domain: str, version: int | None) -> Answer:
    """How good VERSION of DOMAIN (default: the champion, or else the newest) is, class by class, and what it confuses.

    Writes a page with figures. It shows what was stored when the version was judged; the test set is not used again.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.report import report_version

    found = report_version(domain, version)
    return Answer(found, partial(print_report, found))


def print_report(found: "Report") -> None:
    """Prints a report in tables that fit 80 columns; of many classes those that are found least."""
    from flows.process.environment import shown_at

    print_facts(f"{found.domain} v{found.version}", found.facts)
    many = f", the {SHOWN} of {len(found.classes)} found least" if len(found.classes) > SHOWN else ""
    print_table(f"class by class{many}", [_row(row, found.champion) for row in found.classes[:SHOWN]])
    mistakes = [one.text for one in found.confusions] or ["nothing: every test sample was named rightly"]
    print_lines(["confused most:", *(f"  {one}" for one in mistakes)])
    click.echo(f"page: {found.page}\nMLflow: {shown_at(found.mlflow)}")


def _row(row: "ClassRow", champion: int | None) -> dict[str, Any]:
    rival = {} if champion is None else {f"recall v{champion}": _share(row.rival)}
    return {
        "class": row.name,
        "samples": row.samples,
        "recall": _share(row.recall),
        "precision": _share(row.precision),
    } | rival


def _share(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"  # noqa: PLR0124 - nan
