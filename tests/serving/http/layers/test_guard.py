"""Who is let through, in a running service."""

import pytest

from serving.access.keys import Role, add_key, revoke_key
from serving.errors import ServingError

PREDICT = "/v1/photos/predict"
OPEN = ["/healthz", "/", "/page.js", "/page.css", "/page.svg"]


@pytest.fixture
def path(home):
    """Where the keys lie."""
    return home / "keys.json"


def bearer(key: str) -> dict[str, str]:
    """The header that presents a key."""
    return {"Authorization": f"Bearer {key}"}


def test_guard__every_route_wants_a_key(tiny, path):
    """But those that say whether it lives, and the page."""
    key = add_key(path, "a", [Role.ADMIN])
    client = tiny()
    documented = {path.format(domain="photos", number="3") for path in client.app.openapi()["paths"]}
    routes = {*documented, *OPEN, "/openapi.json"}
    refused = {route for route in routes if client.get(route).status_code == 401}
    assert routes - refused == {*OPEN, "/readyz"}
    assert client.get("/readyz").status_code == 503  # it is open: `other` has no model
    assert {client.get(route, headers=bearer(key)).status_code for route in refused} <= {200, 404, 405, 503}
    found = client.get("/v1/photos/model")
    assert (found.headers["www-authenticate"], "send `Authorization: Bearer KEY`" in found.json()["detail"]) == (
        "Bearer",
        True,
    )
    assert "error" in client.get("/v2").json()


@pytest.mark.parametrize(
    ("role", "codes"),
    [(Role.PREDICT, (200, 403, 200)), (Role.FEEDBACK, (403, 404, 403)), (Role.ADMIN, (200, 404, 200))],
)
def test_guard__roles(tiny, path, shade, role, codes):
    """A key is good for its own role; an admin's for all; 404 is what a request gets that was let through."""
    key, client = add_key(path, "a", [role]), tiny()
    found = (
        client.post(PREDICT, content=shade(9), headers=bearer(key)),
        client.post("/v1/nowhere/feedback", json={}, headers=bearer(key)),
        client.get("/metrics", headers=bearer(key)),
    )
    assert tuple(one.status_code for one in found) == codes
    told = {one.json()["detail"] for one in found if one.status_code == 403}
    needed = "feedback" if role is Role.PREDICT else "predict"
    assert told <= {f"the key's role is {role}; this needs {needed} or admin"}


def test_guard__revoked_and_expired_while_it_runs(tiny, path, monkeypatch):
    """Keys that are made, revoked or run out are followed without a restart; once it asks it goes on asking."""
    client = tiny()
    assert client.get("/v1/photos/model").status_code == 200  # no keys yet, and on this machine alone
    key, short = add_key(path, "a", [Role.PREDICT]), add_key(path, "b", [Role.PREDICT], days=1e-9)
    assert client.get("/v1/photos/model").status_code == 401
    assert client.get("/v1/photos/model", headers=bearer(key)).status_code == 200
    expired = client.get("/v1/photos/model", headers=bearer(short))
    assert (expired.status_code, "the key is expired" in expired.json()["detail"]) == (401, True)
    revoke_key(path, "a")
    revoked = client.get("/v1/photos/model", headers=bearer(key))
    assert (revoked.status_code, "the key is revoked" in revoked.json()["detail"]) == (401, True)
    path.unlink()
    assert client.get("/v1/photos/model").status_code == 401


def test_guard__damaged_keys(tiny, path):
    """Nobody is let in, and no path of the machine is told to callers."""
    key, client = add_key(path, "a", [Role.PREDICT]), tiny()
    path.write_text("[")
    found = client.get("/v1/photos/model", headers=bearer(key))
    assert (found.status_code, found.json()["detail"]) == (503, "the keys cannot be read; the service's log says more")


def test_guard__rate_of_a_key(tiny, path, monkeypatch):
    """More than its share is told when to come back; another key is not held up."""
    monkeypatch.setenv("REGRAFT_SERVING__RATE", "0.01")
    first, second, client = add_key(path, "a", [Role.PREDICT]), add_key(path, "b", [Role.PREDICT]), tiny()
    assert client.get("/v1/photos/model", headers=bearer(first)).status_code == 200
    found = client.get("/v1/photos/model", headers=bearer(first))
    assert (found.status_code, found.headers["retry-after"]) == (429, "100")
    assert client.get("/v1/photos/model", headers=bearer(second)).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_guard__other_schemes(tiny, path, scheme):
    """A good key counts as a bearer's alone."""
    key = add_key(path, "a", [Role.PREDICT])
    assert tiny().get("/v1/photos/model", headers={"Authorization": f"{scheme} {key}".strip()}).status_code == 401


@pytest.mark.parametrize("given", ["Basic abc", "Bearer", "Bearer x", "bearer regraft_00000000_x", "regraft_a_b"])
def test_guard__other_headers(tiny, path, given):
    """None of them lets anybody in."""
    add_key(path, "a", [Role.PREDICT])
    assert tiny().get("/v1/photos/model", headers={"Authorization": given}).status_code == 401


def test_guard__names(tiny, monkeypatch):
    """It answers under its own names and those of the settings."""
    monkeypatch.setenv("REGRAFT_SERVING__HOSTS", "models.example.org")
    client = tiny()
    hosts = ["127.0.0.1:8000", "localhost", "[::1]:8000", "models.example.org:80", "evil.example", ""]
    found = [client.get("/healthz", headers={"host": host}) for host in hosts]
    assert [one.status_code for one in found] == [200, 200, 200, 200, 400, 400]
    assert found[-1].json() == {"detail": "it does not answer under this name; add it to REGRAFT_SERVING__HOSTS"}


def test_app__for_others_without_keys(tiny_app, path):
    """It is refused before anything starts; with keys, none comes in without one though they are deleted."""
    with pytest.raises(ServingError, match="regraft keys add NAME --role predict"):
        tiny_app(host="0.0.0.0")  # noqa: S104
    add_key(path, "a", [Role.PREDICT])
    tiny_app(host="0.0.0.0")  # noqa: S104


def test_app__for_others_all_keys_deleted(tiny, path):
    """A service for others never opens by itself."""
    add_key(path, "a", [Role.PREDICT])
    client = tiny(host="0.0.0.0")  # noqa: S104
    path.unlink()
    assert client.get("/v1/photos/model").status_code == 401
