"""The commands of the keys that callers of the service need."""

import click

from flows.cli.shell.answer import Answer, AnsweringCommand
from flows.cli.shell.tables import print_table

ROLES = ("predict", "feedback", "admin")


@click.group()
def keys() -> None:
    """Keys for callers of `regraft serve`; a running service follows at once."""


@keys.command(cls=AnsweringCommand)
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given twice.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="How long it is good; else until revoked.")
def add(name: str, roles: tuple[str, ...], days: float | None) -> Answer:
    """Make a key named NAME and show it, this once: what is kept does not tell it."""
    from serving.access.keys import Role, add_key, keys_path
    from settings.machine import load_settings

    key = add_key(keys_path(load_settings().home), name, [Role(role) for role in roles], days)
    return Answer({"name": name, "key": key}, lambda: click.echo(key))


@keys.command("list", cls=AnsweringCommand)
def listed() -> Answer:
    """Every key by its name: what it is for, until when, and whether it is good."""
    from serving.access.keys import keys_path, read_keys
    from settings.machine import load_settings

    found = [
        {
            "name": key.name,
            "roles": ", ".join(key.roles),
            "made (UTC)": f"{key.made:%Y-%m-%d %H:%M}",
            "expires (UTC)": f"{key.expires:%Y-%m-%d %H:%M}" if key.expires else "-",
            "state": key.fault or "good",
        }
        for key in read_keys(keys_path(load_settings().home))
    ]
    return Answer(found, lambda: print_table("keys", found))


@keys.command(cls=AnsweringCommand)
@click.argument("name")
def revoke(name: str) -> Answer:
    """Take the key named NAME out of use, for ever."""
    from serving.access.keys import keys_path, revoke_key
    from settings.machine import load_settings

    revoke_key(keys_path(load_settings().home), name)
    return Answer({"revoked": name}, lambda: click.echo(f"{name} is revoked"))
