"""From where the service is reached."""

import socket

import pytest

from serving.access.exposure import check_exposure, is_local, name_in, names_of
from serving.access.keys import Role, add_key, revoke_key
from serving.access.ring import KeyRing
from serving.errors import ServingError


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),  # noqa: S104
     ("10.0.0.5", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_is_local(host, local):
    """Only what is reached from this machine alone."""
    assert is_local(host) is local


def test_check_exposure__others_need_a_good_key(home):
    """None, or a revoked one, is refused with the remedy; on this machine none is needed."""
    ring = KeyRing(home / "keys.json")
    check_exposure("127.0.0.1", ring)
    for use in (lambda: None, lambda: revoke_key(home / "keys.json", "a")):
        use()
        with pytest.raises(ServingError, match=r"host 10\.0\.0\.5 is reached from elsewhere.*regraft keys add NAME"):
            check_exposure("10.0.0.5", ring)
        add_key(home / "keys.json", "a", [Role.PREDICT])
        check_exposure("10.0.0.5", ring)


def test_names_of__own_and_given():
    """Its address, this machine's name where others reach it, and what the settings add."""
    assert names_of("127.0.0.1", "") == {"127.0.0.1", "localhost", "::1"}
    found = names_of("10.0.0.5", " Models.Example.org, b ")
    assert found - names_of("127.0.0.1", "") == {"10.0.0.5", socket.gethostname().lower(), "models.example.org", "b"}


@pytest.mark.parametrize(
    ("header", "name"),
    [("a.example:8000", "a.example"), ("[::1]:8000", "::1"), ("LOCALHOST", "localhost"), ("", ""), ("[::1", ""),
     ("user@evil.example", "evil.example"), ("a/../b", "a")],
)  # fmt: skip
def test_name_in(header, name):
    """Without port, in lower case; nonsense is no name."""
    assert name_in(header) == name
