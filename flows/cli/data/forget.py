"""The command that erases samples."""

from functools import partial
from typing import Any

import click

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument, prepared_flow, run_flow
from flows.cli.shell.tables import print_facts, print_lines


@answering()
@domain_argument
@click.option("--hash", "hashes", multiple=True, help="sha256 of a sample's file; may be given several times.")
@click.option("--key", "keys", multiple=True, help="A path as the source names it, or a group; likewise.")
@click.option("--yes", is_flag=True, help="Do not ask; there is no way back.")
def forget(domain: str, hashes: tuple[str, ...], keys: tuple[str, ...], yes: bool) -> Answer:
    """Erase samples from everything that is kept of DOMAIN: data of today and before, caches, pages, log.

    They stay out, though the source may still hold them. What cannot be changed, such as versions that learned from
    them, is listed.
    """
    if not hashes and not keys:
        raise click.UsageError("name what is to be forgotten by --hash or --key")
    if not yes:
        click.confirm(f"Erase {len(hashes) + len(keys)} keys from {domain} for good?", abort=True, err=True)
    found = run_flow(prepared_flow("project.forget", "forget"), domain, hashes, keys)
    return Answer(found, partial(_show, domain, found))


def _show(domain: str, found: Any) -> None:
    facts = {
        "samples": found.samples,
        "rows of the prediction log": found.predictions,
        "dataset versions that cannot be restored": ", ".join(found.dataset_versions) or "none",
    }
    print_facts(f"{domain} has forgotten", facts)
    print_lines(["what remains:", *(f"- {one}" for one in found.remains)] if found.remains else [])
