"""The service over HTTP, with a real package behind it."""

import base64
import subprocess
import sys
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient

from registry.ledger.ledger import Change, Ledger
from registry.store.models import model_version
from serving.http.app import create_app
from serving.log import predictions as prediction_log
from settings.machine import load_settings

HERE = "http://127.0.0.1"


@pytest.fixture
def client(registered, monkeypatch):
    """A client of a service that has a model; requests of two samples and 1 MB at most."""
    registered()
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=1, **facts))
    monkeypatch.setenv("REGRAFT_SERVING__ITEMS", "2")
    monkeypatch.setenv("REGRAFT_SERVING__MEGABYTES", "1")
    with TestClient(create_app(["photos", "other"], load_settings()), base_url=HERE) as connected:
        deadline = time.monotonic() + 60
        while connected.get("/v1/photos/model").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        yield connected


def test_predict__three_ways_to_send(client, shade):
    """A form, JSON and the body itself are answered alike, each sample in its place, by the version that is named."""
    first, second = shade(30), shade(220)
    package = model_version("photos", 1).load()
    said, _ = package.predict(np.stack([package.transform.decode(one) for one in (first, second)]))
    expected = said[package.headline]
    form = client.post("/v1/photos/predict", files=[("files", first), ("files", second)])
    inputs = [base64.b64encode(one).decode() for one in (first, second)]
    as_json = client.post("/v1/photos/predict", json={"inputs": inputs})
    bodies = [client.post("/v1/photos/predict", content=one) for one in (first, second)]
    found = [
        form.json()["predictions"],
        as_json.json()["predictions"],
        [one.json()["predictions"][0] for one in bodies],
    ]
    for predictions in found:
        assert [one["label"] for one in predictions] == [package.classes[row.argmax()] for row in expected]
        assert [one["version"] for one in predictions] == [1, 1]
        told = [[one["probabilities"][name] for name in package.classes] for one in predictions]
        assert np.allclose(told, expected, atol=1e-4)
    assert len({one["id"] for predictions in found for one in predictions}) == 6
    assert form.headers["x-content-type-options"] == "nosniff"


def test_predict__bad_sample_fails_alone(client, shade):
    """Bytes that are no picture are told in their place, and both are logged."""
    found = client.post("/v1/photos/predict", files=[("files", b"no picture"), ("files", shade(30))]).json()
    bad, good = found["predictions"]
    assert "label" not in bad
    assert "not an image" in bad["error"]
    assert good["label"] in {"dark", "light"}
    deadline = time.monotonic() + 20
    while prediction_log.read("photos").empty and time.monotonic() < deadline:
        time.sleep(0.2)
    logged = prediction_log.read("photos")
    assert set(logged["path"]) == {f"request/{one['id']}" for one in (bad, good)}
    assert logged["error"].notna().sum() == 1


def test_predict__abstains(client, shade):
    """Below the probability that the domain's YAML asks for no class is named; the log and the metrics tell of it."""
    sample, threshold = shade(30), client.app.state.service.slots["photos"].threshold
    (before,) = client.post("/v1/photos/predict", content=sample).json()["predictions"]
    assert (before["abstained"], before["label"] is None) == (False, False)
    (load_settings().root / "domains").mkdir(exist_ok=True)
    (load_settings().root / "domains" / "photos.yaml").write_text("serving: {abstain_below: 0.99999}\n")
    deadline = time.monotonic() + 20
    while not threshold.below and time.monotonic() < deadline:
        time.sleep(0.1)
    (found,) = client.post("/v1/photos/predict", content=sample).json()["predictions"]
    assert (found["abstained"], found["label"], found["probabilities"]) == (True, None, before["probabilities"])
    assert 'regraft_abstentions_total{domain="photos"} 1.0' in client.get("/metrics").text
    while len(prediction_log.read("photos")) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert prediction_log.read("photos")[["predicted", "abstained"]].to_numpy().tolist() == [
        [before["label"], False], [before["label"], True],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        ({"content": b""}, 422, "holds no sample"),
        ({"json": {"inputs": ["%%"]}}, 422, "no JSON with base64"),
        ({"json": [1]}, 422, "no JSON with base64"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "no JSON"),
        ({"json": {"inputs": ["AAAA"] * 3}}, 413, "3 samples in one request, 2 are allowed"),
        ({"content": b"x" * (2**20 + 1)}, 413, "over 1 MB"),
        ({"files": [("files", b"x" * (2**20 + 1))]}, 413, "over 1 MB"),
    ],
)
def test_predict__wrong_requests(client, sent, code, said):
    """Each is one line that names the rule, and no trace of the code."""
    found = client.post("/v1/photos/predict", **sent)
    assert (found.status_code, said in found.json()["detail"]) == (code, True)


def test_predict__queue_is_full(client, shade, monkeypatch):
    """What does not fit is sent again later."""
    slot = client.app.state.service.slots["photos"]
    monkeypatch.setattr(type(slot.current.batcher), "pending", property(lambda _: 10**6))
    found = client.post("/v1/photos/predict", content=shade(3))
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")


def test_predict__no_model_and_no_domain(client):
    """A domain without champion is not ready and says so; one that is not served does not exist."""
    found = client.post("/v1/other/predict", content=b"x")
    assert (found.status_code, "nothing is in production yet" in found.json()["detail"]) == (503, True)
    assert client.post("/v1/unknown/predict", content=b"x").status_code == 404
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["domains"]["photos"]["version"]) == (503, 1)
    assert client.get("/healthz").json() == {"status": "alive"}


def test_model__what_answers(client):
    """Version, classes and the ledger's row."""
    found = client.get("/v1/photos/model").json()
    assert (found["version"], found["classes"], len(found["ledger_row"])) == (1, ["dark", "light"], 64)
    assert "Tests." in client.get("/v1/photos/card").text


def test_app__under_another_name(client):
    """A page on the internet that names this machine by a domain of its own is turned away."""
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400


def test_app__loads_no_library_of_training():
    """The service starts at once and holds little: nothing that only training, flows or validation need."""
    heavy = "('torch', 'pytorch_lightning', 'prefect', 'great_expectations', 'mlflow', 'timm')"
    told = f"import sys, serving.http.app; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
