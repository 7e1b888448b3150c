"""What callers see of an answer, by /v1 and /v2 alike."""

import base64

import pytest


@pytest.mark.parametrize(
    ("decimals", "top", "names"), [("2", "false", ["dark", "bright"]), ("2", "true", ["dark"]), ("", "true", ["dark"])]
)
def test_shown__fewer_and_rounder(tiny, shade, monkeypatch, decimals, top, names):
    """Rounded, and the likeliest class alone, if the settings say so."""
    if decimals:
        monkeypatch.setenv("REGRAFT_SERVING__ROUND", decimals)
    monkeypatch.setenv("REGRAFT_SERVING__TOP", top)
    client, sample = tiny(), shade(97)
    (said,) = client.post("/v1/photos/predict", content=sample).json()["predictions"]
    assert [*said["probabilities"]] == names
    assert (said["probabilities"]["dark"] == round(said["probabilities"]["dark"], 2)) is bool(decimals)
    data = [base64.b64encode(sample).decode()]
    sent = {"inputs": [{"name": "samples", "shape": [1], "datatype": "BYTES", "data": data}]}
    outputs = client.post("/v2/models/photos/infer", json=sent).json()["outputs"]
    found = next(one for one in outputs if one["name"] == "probabilities")
    assert found["shape"] == [1, len(names)]
    assert found["data"] == pytest.approx([*said["probabilities"].values()], abs=1e-7)
    declared = client.get("/v2/models/photos").json()["outputs"][1]
    assert declared["shape"] == [-1, len(names)]


def test_shown__all_by_default(tiny, shade):
    """As the model says it."""
    (said,) = tiny().post("/v1/photos/predict", content=shade(97)).json()["predictions"]
    assert sum(said["probabilities"].values()) == pytest.approx(1)
    assert said["probabilities"]["dark"] != round(said["probabilities"]["dark"], 4)
