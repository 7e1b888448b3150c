"""The commands of the ledger: its rows, a moment in the past, and its chain."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from flows.cli.console import json_option, print_facts, print_json, print_table

if TYPE_CHECKING:
    from registry.ledger.ledger import Ledger

SHOWN = ("sequence", "action", "from_version", "to_version", "actor", "approval", "time", "reason", "evidence", "hash")
SHORT = {"evidence", "hash"}


class DomainFirst(click.Group):
    """Takes the name of a domain where other groups take a command: `ledger solar` beside `ledger verify`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the command in front of a domain; its name is none that a domain may have."""
        named = not args or {*self.commands, *ctx.help_option_names} & set(args[:1])
        return super().parse_args(ctx, args if named else ["DOMAIN", *args])


@click.group(cls=DomainFirst)
def ledger() -> None:
    """Every promotion and rollback of a domain, and whether somebody changed them."""


@ledger.command("DOMAIN")
@click.argument("domain", metavar="")  # the command's own name stands for it in the usage line
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    help="Which version was in production then.",
)
@json_option
def show(domain: str, at: datetime | None, as_json: bool) -> None:
    """Every promotion and rollback of DOMAIN, oldest first."""
    from registry.ledger.ledger import Ledger
    from settings.machine import load_settings

    book = Ledger(load_settings().ledger)
    _refuse_unknown(book, domain)
    if at is not None:
        found = {"domain": domain, "at": at.isoformat(), "champion": book.at(domain, at)}
        print_json(found) if as_json else print_facts(domain, found)
        return
    entries = [vars(entry) for entry in book.entries(domain)]
    print_json(entries) if as_json else print_table(f"ledger of {domain}", [_row(entry) for entry in entries])


@ledger.command()
@click.argument("domain", required=False)
@click.option("--head", default="", help="A hash of DOMAIN's chain that you kept: shows that no row after it was cut.")
@json_option
def verify(domain: str | None, head: str, as_json: bool) -> None:
    """Walk the hash chain of DOMAIN, or of every domain; exits with 1 where it is broken.

    Keep the head that is printed elsewhere: rows that were cut off at the end show only against it.
    """
    if head and domain is None:
        raise click.UsageError("--head belongs to one domain; name it")
    from registry.ledger.ledger import Ledger
    from settings.machine import load_settings

    book = Ledger(load_settings().ledger)
    if domain:
        _refuse_unknown(book, domain)
    found = [book.verify(name, head) for name in ([domain] if domain else book.domains())]
    if as_json:
        print_json(found)
    for one in [] if as_json else found:  # one line each, for a hash to be copied whole
        click.echo(f"{one.domain}: {one.entries} rows, {one.fault or 'intact'}, head {one.head}")
    sys.exit(1 if any(one.fault for one in found) else 0)


def _refuse_unknown(book: "Ledger", domain: str) -> None:
    """Raises ConfigError where neither ledger nor project knows a domain: a slip of the pen is no empty history."""
    from tasks.domain import load_domain

    if domain not in book.domains():  # the history outlives the domain's file
        load_domain(domain)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A row for people: hashes by their beginning, of an approval who gave it."""
    row = {key: str(entry[key])[:12] if key in SHORT else entry[key] for key in SHOWN}
    return {**row, "approval": json.loads(entry["approval"] or "{}").get("approver", "")}
