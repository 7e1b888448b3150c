"""The command that judges a domain without training."""

from functools import partial
from typing import TYPE_CHECKING

from flows.cli.shell.answer import Answer, answering
from flows.cli.shell.console import domain_argument
from flows.cli.shell.exits import Exit
from flows.cli.shell.tables import print_facts

if TYPE_CHECKING:
    from tasks.check import Checked


@answering(Exit.REFUSED)
@domain_argument
def check(domain: str) -> Answer:
    """Judge the YAML and the source of DOMAIN without training."""
    from tasks.check import check_domain

    found = check_domain(domain)
    return Answer(found, partial(_show, found), Exit.REFUSED if found.failures else Exit.DONE)


def _show(found: "Checked") -> None:
    from data.naming import few  # not for help

    facts = {
        "samples": f"{found.samples}, of which {found.accepted} are accepted",
        "copies": f"{found.copies} of these; the same content counts once" if found.copies else "none",
        "classes": few(f"{name}: {count}" for name, count in found.classes.items()),
        "splits": ", ".join(f"{name}: {count}" for name, count in found.splits.items()) or "none",
        "given splits": ", ".join(f"{name}: {count}" for name, count in found.given.items()) or "none",
        "left out": "\n".join(found.left_out) or "nothing",
        "quarantine": "\n".join(found.quarantine) or "nothing",
        "notices": "\n".join(found.notices) or "none",
        "verdict": "\n".join(f"refused: {why}" for why in found.failures) or "a retrain would go on",
        "page": found.page,
    }
    print_facts(found.domain, facts)
