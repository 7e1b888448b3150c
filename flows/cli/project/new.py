"""The command that writes a domain for a user's own data."""

from pathlib import Path

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.tables import print_facts


@answering()
@click.argument("name")
@click.option("--images", type=click.Path(path_type=Path), help="Folder with one subfolder a class.")
@click.option(
    "--manifest", help="CSV, JSON Lines or Parquet with the columns path and label: a file or an fsspec address."
)
@click.option(
    "--size",
    type=click.IntRange(8, 1024),
    help="Side of the square that the network sees; default: the backbone's own.",
)
@click.option("--intended-use", default="", help="What the model is for, and what it is not for; its card says so.")
def new(name: str, images: Path | None, manifest: str | None, size: int | None, intended_use: str) -> Answer:
    """Write domains/NAME.yaml for your own images; `regraft retrain NAME` then works on it."""
    if (images is None) == (manifest is None):
        raise click.UsageError("give either --images or --manifest")
    from flows.project.new import write_domain

    path, facts = write_domain(name, images, manifest, size, intended_use.strip())
    first = "" if intended_use.strip() else "say in that file what the model is for (intended_use), then "
    told = {"file": path, **facts, "next": f"{first}regraft check {name}, then regraft retrain {name}"}
    return Answer(told, lambda: print_facts(f"{name} is written", told))
