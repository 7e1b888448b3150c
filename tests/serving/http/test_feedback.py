"""Who asks is in the log, and labels come back to it over HTTP, with a real package behind."""

import base64
import json

import pytest
from fastapi import HTTPException

from data.errors import StorageError
from serving.feedback.labelled import labelled
from serving.feedback.labels import history
from serving.http.asked import asked_from
from serving.http.feedback import labels_in
from serving.log.predictions import read


@pytest.fixture
def client(tiny):
    """A client of a service that has a model."""
    return tiny()


def logged(client) -> list[tuple]:
    """Who asked, as it is in the log by now."""
    client.portal.call(client.app.state.service.logs["photos"].flush)
    return list(read("photos")[["key", "group", "session"]].fillna("").itertuples(index=False, name=None))


def test_predict__says_who_asks(client, shade):
    """In a form, in JSON, in the query and in headers; several samples of a key are told apart by their place."""
    name = "/v1/photos/predict"
    asked = {"request_key": "k", "group": "g", "session": "s"}
    client.post(name, files=[("files", shade(1)), ("files", shade(2))], data=asked)
    client.post(name, json={"inputs": [base64.b64encode(shade(3)).decode()], "request_key": "j", "group": None})
    client.post(f"{name}?request_key=q", content=shade(4), headers={"Regraft-Request-Key": "h", "Regraft-Group": "hg"})
    client.post(name, content=shade(5))
    assert logged(client) == [("k-0", "g", "s"), ("k-1", "g", "s"), ("j", "", ""), ("q", "hg", ""), ("", "", "")]
    rows = read("photos")
    assert set(rows["slot"]) == {"champion"}
    assert (rows["latency_ms"] > 0).all()


@pytest.mark.parametrize("value", ["a\nb", "x" * 129, 3, ["k"]])
def test_asked_from__wrong(value):
    """What may not stand in a log is refused in one line."""
    with pytest.raises(HTTPException, match="session .*: at most 128 printable characters are allowed"):
        asked_from({"session": value})


def test_feedback__meets_its_prediction(client, shade):
    """By id and by key, one or many, before and after the prediction is in the log, and corrected."""
    (first,) = client.post("/v1/photos/predict?request_key=a", content=shade(9)).json()["predictions"]
    client.post("/v1/photos/predict?request_key=b", content=shade(8))
    early = client.post("/v1/photos/feedback", json={"id": first["id"], "label": "dark"})
    assert (early.status_code, early.json()) == (200, {"accepted": 1})
    logged(client)
    many = [{"id": first["id"], "label": "bright"}, {"key": "b", "label": "dark"}]
    assert client.post("/v1/photos/feedback", json={"labels": many}).json() == {"accepted": 2}
    assert labelled("photos")["label"].tolist() == ["bright", "dark"]
    assert history("photos")["label"].tolist() == ["dark", "bright", "dark"]


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        ({"id": "1", "label": "cat"}, 422, "'cat' is no class of the model (there: dark, bright)"),
        ({"id": "1", "label": ["dark"]}, 422, "is no class of the model"),
        ({"id": "1", "key": "2", "label": "dark"}, 422, "a label has one of id, key, hash, this one 2"),
        ({"path": "/etc/passwd", "label": "dark"}, 422, "this one 0"),
        ({"id": "a\nb", "label": "dark"}, 422, "printable"),
        ({"labels": []}, 422, "holds no label"),
        ({"labels": [{"id": "1", "label": "dark"}, {"id": "2", "label": "cat"}]}, 422, "no class"),
        ({"labels": [{"id": "1", "label": "dark"}] * 10_001}, 413, "10001 labels in one request"),
        ({"labels": 3}, 422, "no JSON with labels"),
        ([1], 422, "no JSON with labels"),
    ],
)
def test_labels_in__wrong(sent, code, said):
    """Each is one line that names the rule, and none of its labels is taken."""
    with pytest.raises(HTTPException) as found:
        labels_in(json.dumps(sent).encode(), ("dark", "bright"))
    assert (found.value.status_code, said in found.value.detail) == (code, True)


def test_feedback__elsewhere(client, monkeypatch):
    """A domain that is not served, no JSON, and a disk that refuses."""
    assert client.post("/v1/unknown/feedback", json={}).status_code == 404
    assert client.post("/v1/photos/feedback", content=b"{").status_code == 422
    wrong = client.post("/v1/photos/feedback", json={"id": "1", "label": "cat"})
    assert (wrong.status_code, "(there: dark, bright)" in wrong.json()["detail"]) == (422, True)
    session = client.post("/v1/photos/predict?session=%00", content=b"x")
    assert (session.status_code, "printable" in session.json()["detail"]) == (422, True)
    assert history("photos").empty

    def refuse(*_) -> None:
        raise StorageError("the disk at /secret is full")

    monkeypatch.setattr("serving.http.feedback.file_labels", refuse)
    found = client.post("/v1/photos/feedback", json={"id": "1", "label": "dark"})
    assert (found.status_code, found.headers["retry-after"]) == (503, "5")
    assert "/secret" not in found.text
