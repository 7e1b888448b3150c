"""The commands that take back a project's room: gc, clean."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import prepared_flow, run_flow
from flows.cli.shell.tables import print_lines

if TYPE_CHECKING:
    from tasks.keeping.garbage import Waste


@answering()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--days", type=click.FloatRange(min=0), default=90.0, show_default=True, help="Reports and logs so old go."
)
def gc(dry_run: bool, days: float) -> Answer:
    """Delete what is needed no longer: caches over budget, spare copies, what killed runs left, old reports and logs.

    Models, dataset versions, predictions, labels and databases are never touched.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    if not dry_run:
        found = run_flow(prepared_flow("project.gc", "gc"), days)
        return Answer(found, partial(_show_waste, found, "gone"))
    from tasks.keeping.garbage import find_waste

    planned = find_waste(days)
    return Answer(planned, partial(_show_waste, planned, "would go"))


@answering()
@click.option("--yes", is_flag=True, help="Do not ask; there is no way back but a backup.")
def clean(yes: bool) -> Answer:
    """Delete everything that the project has made: data, databases, models, caches; what is left is a clone.

    It refuses while `regraft up` runs or a domain is being worked on.
    """
    from flows.process.environment import prepare_environment

    settings = prepare_environment()
    from tasks.keeping.clean import clean_project, kept_elsewhere, to_clean

    stays = kept_elsewhere(settings)
    if not yes:
        _show_clean(to_clean(), stays, "goes")
        click.confirm("Delete all of it for good?", abort=True, err=True)
    found = clean_project()
    return Answer({"gone": found, "stays": stays}, partial(_show_clean, found, stays, "gone"))


def _show_waste(found: "list[Waste]", verb: str) -> None:
    lines = [f"{one.path}: {one.what}, {one.bytes / 2**20:.1f} MB" for one in found]
    print_lines(
        [*lines, f"{verb}: {sum(one.bytes for one in found) / 2**20:.1f} MB"] if lines else ["nothing to delete"]
    )


def _show_clean(gone: list[Path], stays: list[str], verb: str) -> None:
    print_lines([f"{verb}: {path}" for path in gone] or [f"{verb}: nothing"])
    print_lines([f"stays: {what}, which lies elsewhere" for what in stays])
