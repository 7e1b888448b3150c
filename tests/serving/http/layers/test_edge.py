"""The outermost layer: ids, headers, the line in the log, and faults without a trace."""

import asyncio
import logging
import re

import pytest

from serving.access.keys import Role, add_key, revoke_key
from serving.http.layers.edge import Edge

LOG = "serving.http.layers.edge"


@pytest.mark.parametrize("given", ["abc-1.2_X", "a" * 64])
def test_request_id__is_kept(tiny, given):
    """An id that a caller gives comes back."""
    assert tiny().get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "two words", "a\tb", "<b>", "é".encode()])
def test_request_id__is_made(tiny, given):
    """Anything that could break a line or a page is replaced."""
    found = tiny().get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", found)


def test_line__tells_who_and_what(tiny, home, shade, caplog):
    """Id, route, status and the key's name; never the key, the sample, its label, or what stands in the address."""
    key = add_key(home / "keys.json", "line-1", [Role.PREDICT])
    client, headers = tiny(), {"Authorization": f"Bearer {key}", "X-Request-ID": "mine"}
    with caplog.at_level(logging.INFO, LOG):
        answer = client.post("/v1/photos/predict?secret=5&key=x", content=shade(30), headers=headers)
        client.get("/v1/photos/%0Aforged", headers=headers)
    lines = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert re.fullmatch(r"mine POST /v1/\{domain\}/predict 200 \d+ ms by line-1", lines[0])
    assert re.fullmatch(r"mine GET - 404 \d+ ms by line-1", lines[1])
    (said,) = answer.json()["predictions"]
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert not [word for word in (key, key.split("_")[2], said["label"], "secret", "forged") if word in told]


def test_line__of_a_refused_key(tiny, home, caplog):
    """Whose key it is that was revoked stands in the line."""
    key, client = add_key(home / "keys.json", "line-1", [Role.PREDICT]), tiny()
    revoke_key(home / "keys.json", "line-1")
    with caplog.at_level(logging.INFO, LOG):
        client.get("/v1/photos/model", headers={"Authorization": f"Bearer {key}"})
        client.get("/v1/photos/model")
    lines = [record.getMessage() for record in caplog.records if record.name == LOG]
    assert [re.sub(r"^\w+ |\d+ ms", "", line) for line in lines] == ["GET - 401  by line-1", "GET - 401  by -"]


def test_fault__is_one_line(tiny, caplog, monkeypatch):
    """A caller gets the id, with the headers; the trace stands in the log under the same id."""
    client = tiny()

    def broken(_: str) -> None:
        raise RuntimeError("at /srv/secret")

    monkeypatch.setattr(client.app.state.service, "served", broken)
    for path, name in (("/v1/photos/model", "detail"), ("/v2/models/photos", "error")):
        found = client.get(path, headers={"X-Request-ID": "mine"})
        assert found.status_code == 500
        assert found.json() == {name: "the service failed at request mine; its log says more"}
        assert (found.headers["x-request-id"], found.headers["x-content-type-options"]) == ("mine", "nosniff")
    assert "mine failed" in caplog.text
    assert "RuntimeError: at /srv/secret" in caplog.text


def test_fault__half_an_answer():
    """What fails after its answer has begun is cut off by the server: nothing more is sent."""
    sent, told = [], []

    async def breaks(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("midway")

    async def noted(message) -> None:
        sent.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(RuntimeError, match="midway"):
        asyncio.run(Edge(breaks, lambda *facts: told.append(facts))(scope, None, noted))
    assert sent == ["http.response.start"]
    assert told[0][:3] == ("-", "-", 200)


def test_headers__every_answer_has_them(tiny):
    """Refusals and unknown paths included: no script but the service's own, in no frame of others."""
    client = tiny()
    for found in (client.get("/"), client.get("/nothing"), client.get("/healthz", headers={"host": "evil.example"})):
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-store"
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
