"""API keys: made, found, revoked, and kept so that nobody learns them from the file."""

import threading
from datetime import timedelta

import pytest

from serving.access.keys import Role, add_key, read_keys, revoke_key
from serving.access.ring import KeyRing
from serving.errors import KeysError


@pytest.fixture
def path(home):
    """Where the keys lie."""
    return home / "keys.json"


def test_add__keeps_no_secret(path):
    """What is kept shows no part of the secret, nobody else can read it, and equal names differ by salt."""
    key = add_key(path, "line-1", [Role.PREDICT])
    prefix, known, secret = key.split("_", 2)
    assert (prefix, path.stat().st_mode & 0o777) == ("regraft", 0o600)
    assert secret not in path.read_text()
    assert len(secret) >= 43  # 256 bits in base64
    (kept,) = read_keys(path)
    assert (kept.id, kept.name, kept.roles, kept.fault) == (known, "line-1", (Role.PREDICT,), "")
    add_key(path, "line-2", [Role.PREDICT])
    assert len({one.salt for one in read_keys(path)}) == 2


def test_find__only_the_whole_key(path):
    """A part of it, another's id or secret, and nothing at all are none of ours."""
    key, other = add_key(path, "a", [Role.PREDICT]), add_key(path, "b", [Role.PREDICT])
    ring = KeyRing(path)
    assert ring.find(key).name == "a"
    mixed = key[:17] + other[17:]
    assert [ring.find(one) for one in ("", key[:-1], key + "x", mixed, "regraft__", "é_ü_ö")] == [None] * 6


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ([Role.PREDICT], {Role.PREDICT}),
        ([Role.PREDICT, Role.FEEDBACK], {Role.PREDICT, Role.FEEDBACK}),
        ([Role.ADMIN], {*Role}),
    ],
)
def test_allows__an_admin_may_everything(path, roles, allowed):
    """The others may what they are for."""
    found = KeyRing(path).find(add_key(path, "a", roles))
    assert {role for role in Role if found.allows(role)} == allowed


def test_revoke__is_seen_by_a_running_service(path):
    """A ring that has read the keys already notices; the name is free again."""
    key, other, ring = add_key(path, "a", [Role.PREDICT]), add_key(path, "b", [Role.PREDICT]), KeyRing(path)
    assert ring.find(key).fault == ""
    revoke_key(path, "a")
    assert (ring.find(key).fault, ring.find(other).fault, ring.usable()) == ("revoked", "", True)
    revoke_key(path, "b")
    assert (ring.usable(), ring.wanted()) == (False, True)
    add_key(path, "a", [Role.PREDICT])
    assert (ring.usable(), ring.find(key).fault) == (True, "revoked")


def test_fault__expired(path, monkeypatch):
    """A key is good until its time, and not after it."""
    from datetime import UTC, datetime

    ring, key = KeyRing(path), add_key(path, "a", [Role.PREDICT], days=1)
    assert ring.find(key).fault == ""
    kept = ring.find(key).model_copy(update={"expires": datetime.now(UTC) - timedelta(seconds=1)})
    assert kept.fault == "expired"


def test_ring__file_of_the_same_size(path):
    """A file in the place of another is read though it is as long."""
    old, ring = add_key(path, "a", [Role.PREDICT]), KeyRing(path)
    assert ring.find(old)
    path.unlink()
    new = add_key(path, "b", [Role.PREDICT])
    assert (ring.find(old), ring.find(new).name) == (None, "b")


def test_ring__file_is_gone(path):
    """A service that has asked for keys goes on asking; one that never has does not."""
    add_key(path, "a", [Role.PREDICT])
    ring, other = KeyRing(path), KeyRing(path)
    assert ring.wanted()
    path.unlink()
    assert (ring.wanted(), ring.usable(), other.wanted()) == (True, False, False)


@pytest.mark.parametrize("content", ["", "[{}]", "nonsense"])
def test_read__damaged(path, content):
    """A damaged file lets nobody in, and says what to do."""
    add_key(path, "a", [Role.PREDICT])
    ring = KeyRing(path)
    ring.wanted()
    path.write_text(content)
    for use in (ring.wanted, ring.wanted, ring.usable, lambda: ring.find("regraft_a_b"), lambda: revoke_key(path, "a")):
        with pytest.raises(KeysError, match="it is damaged; restore it"):
            use()


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda path: add_key(path, "a", [Role.PREDICT]), "there is a key named 'a'; revoke it"),
        (lambda path: add_key(path, "a b\n", [Role.PREDICT]), "is no name of a key"),
        (lambda path: revoke_key(path, "b"), "no key named 'b' is in use (in use: a)"),
    ],
)
def test_keys__wrong_names(path, use, said):
    """One line each, and all is as it was."""
    add_key(path, "a", [Role.PREDICT])
    before = path.read_bytes()
    with pytest.raises(KeysError) as error:
        use(path)
    assert said in str(error.value)
    assert path.read_bytes() == before


def test_add__many_at_once(path):
    """None is lost."""
    threads = [threading.Thread(target=add_key, args=(path, f"k{number}", [Role.PREDICT])) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in read_keys(path)} == {f"k{number}" for number in range(8)}
