"""The command that makes a project."""

from pathlib import Path

import click

from flows.cli.shell.answer import Answer, answering


@answering()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".", required=False)
def init(folder: Path) -> Answer:
    """Make FOLDER (default: this one) a project: dvc.yaml, params.yaml, .dvc, .gitignore and domains/."""
    from flows.project.init import init_project

    written = init_project(folder.resolve())
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    lines = [*(f"written: {path}" for path in written), f"next: {there}regraft new NAME --images FOLDER"]
    return Answer({"written": written}, lambda: click.echo("\n".join(lines)))
