"""The command that makes a project."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", required=False)
def init(folder: Path) -> None:
    """Make FOLDER (default: this one) a project: dvc.yaml, params.yaml, .dvc, .gitignore and domains/."""
    from flows.init import init_project

    for path in init_project(folder.resolve()):
        click.echo(f"written: {path}")
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    click.echo(f"next: {there}regraft new NAME --images FOLDER")
