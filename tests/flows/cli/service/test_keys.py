"""`regraft keys`: made and shown once, listed without telling, revoked."""

import json

import pytest
from click.testing import CliRunner

from flows.cli import regraft
from serving.access.ring import KeyRing
from serving.errors import KeysError


def told(*arguments: str) -> str:
    """What the command prints."""
    return CliRunner().invoke(regraft, ["keys", *arguments], catch_exceptions=False).stdout


def test_keys__from_first_to_last(project):
    """The key that is shown is good until it is revoked; the list says of each what it is for."""
    ring = KeyRing(project / ".regraft" / "keys.json")
    key = told("add", "line-1", "--role", "predict", "--role", "feedback").strip()
    assert ring.find(key).name == "line-1"
    short = json.loads(told("add", "guest", "--role", "admin", "--days", "2", "--json"))
    assert short["key"].startswith("regraft_")
    listed = json.loads(told("list", "--json"))
    assert [(one["name"], one["roles"], one["state"]) for one in listed] == [
        ("line-1", "predict, feedback", "good"), ("guest", "admin", "good"),
    ]  # fmt: skip
    assert [one["expires (UTC)"] == "-" for one in listed] == [True, False]
    assert "line-1 is revoked" in told("revoke", "line-1")
    assert ring.find(key).fault == "revoked"
    shown = told("list")
    assert "revoked" in shown
    assert not [secret for secret in (key, short["key"]) if secret.split("_")[2] in shown]


def test_keys__wrong_use(project):
    """A role that there is not is wrong usage; a name that there is not one line."""
    assert CliRunner().invoke(regraft, ["keys", "add", "a", "--role", "king"]).exit_code == 2
    assert CliRunner().invoke(regraft, ["keys", "add", "a"]).exit_code == 2
    with pytest.raises(KeysError, match="no key named 'a' is in use"):
        told("revoke", "a")
