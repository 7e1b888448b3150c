"""The command that hands a version over."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.tables import print_facts

if TYPE_CHECKING:
    from flows.shown.hand_over import HandedOver


@answering()
@domain_argument
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--version", type=int, help="Which version; default: the champion.")
def hand_over(domain: str, folder: Path, version: int | None) -> Answer:
    """Write DOMAIN's champion into FOLDER with a short program that names the class of image files.

    The program needs numpy, onnxruntime and pillow, neither Regraft nor torch. FOLDER must be new or empty.
    """
    from flows.process.environment import prepare_environment

    prepare_environment()
    from flows.shown.hand_over import hand_over_version

    found = hand_over_version(domain, folder, version)
    return Answer(found, lambda: _show(found))


def _show(found: "HandedOver") -> None:
    print_facts(f"{found.domain} v{found.version} is handed over", {"folder": found.folder})
    click.echo(f"pip install -r {Path(found.folder, 'requirements.txt')}\npython {found.program} IMAGE_OR_FOLDER …")
