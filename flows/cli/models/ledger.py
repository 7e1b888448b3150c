"""The commands of the ledger: its rows, a moment in the past, and its chain."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from flows.cli.shell.answer import Answer, AnsweringCommand
from flows.cli.shell.exits import Exit
from flows.cli.shell.moment import Moment
from flows.cli.shell.tables import print_facts, print_table

if TYPE_CHECKING:
    from registry.ledger.history import Entry
    from registry.ledger.ledger import Ledger, Verification


class DomainFirst(click.Group):
    """Takes the name of a domain where other groups take a command: `ledger solar` beside `ledger verify`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the command in front of a domain; its name is none that a domain may have."""
        named = not args or {*self.commands, *ctx.help_option_names} & set(args[:1])
        return super().parse_args(ctx, args if named else ["DOMAIN", *args])


@click.group(cls=DomainFirst)
def ledger() -> None:
    """Every promotion and rollback of a domain, and whether somebody changed them."""


@ledger.command("DOMAIN", cls=AnsweringCommand)
@click.argument("domain", metavar="")  # the command's own name stands for it in the usage line
@click.option("--at", type=Moment(), help="Which version was in production then; UTC, if no zone is named.")
def show(domain: str, at: datetime | None) -> Answer:
    """Every promotion and rollback of DOMAIN, oldest first; --json has each row whole."""
    from registry.ledger.ledger import Ledger
    from settings.machine import load_settings

    book = Ledger(load_settings().ledger)
    _refuse_unknown(book, domain)
    if at is not None:
        found = {"domain": domain, "at": at.isoformat(), "champion": book.at(domain, at)}
        return Answer(found, lambda: print_facts(domain, found))
    entries = book.entries(domain)
    return Answer(entries, lambda: print_ledger(domain, entries))


@ledger.command(cls=AnsweringCommand)
@click.argument("domain", required=False)
@click.option("--head", default="", help="A hash of DOMAIN's chain that you kept: shows that no row after it was cut.")
def verify(domain: str | None, head: str) -> Answer:
    """Walk the hash chain of DOMAIN, or of every domain; exits with 1 where it is broken.

    Rows that were cut off at the end show only against a head that was kept: the project keeps the last one that it
    saw. Keep what is printed elsewhere, too.
    """
    if head and domain is None:
        raise click.UsageError("--head belongs to one domain; name it")
    from registry.ledger.heads import verify_all, verify_kept
    from registry.ledger.ledger import Ledger
    from settings.machine import load_settings

    book = Ledger(load_settings().ledger)
    if domain is None:
        found = verify_all(book)
    else:
        _refuse_unknown(book, domain)
        found = [book.verify(domain, head) if head else verify_kept(book, domain)]
    broken = any(one.fault for one in found)
    return Answer(found, lambda: _chains(found), Exit.ERROR if broken else Exit.DONE)


def print_ledger(domain: str, entries: "list[Entry]") -> None:
    """Prints the rows as a table of 80 columns."""
    print_table(f"ledger of {domain}", [_row(vars(entry)) for entry in entries])


def _chains(found: "list[Verification]") -> None:
    """One line each, for a hash to be copied whole."""
    for one in found:
        rows = "1 row" if one.entries == 1 else f"{one.entries} rows"
        click.echo(f"{one.domain}: {rows}, {one.fault or 'intact'}, head {one.head}")


def _refuse_unknown(book: "Ledger", domain: str) -> None:
    """Raises ConfigError where neither ledger nor project knows a domain: a slip of the pen is no empty history."""
    from data.config import domain_path
    from settings.machine import load_settings

    if domain not in book.domains():  # the history outlives the domain's file
        domain_path(load_settings().root, domain)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A row for people, 80 columns wide: the time to the second, hashes by their beginning, who approved."""
    before, after = (f"v{entry[name]}" if entry[name] else "-" for name in ("from_version", "to_version"))
    approver = json.loads(entry["approval"] or "{}").get("approver")
    return {
        "#": entry["sequence"],
        "what": f"{entry['action']} {before} → {after}",
        "when (UTC)": entry["time"][:19].replace("T", " "),
        "who": entry["actor"] + (f", approved by {approver}" if approver else ""),
        "why": entry["reason"],
        "evidence": entry["evidence"][:8] or "-",
    }
