"""The Open Inference Protocol v2, asked by Triton's own client and by hand."""

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from serving.asking import Asked
from serving.http.v2.tensors import read_request

NAMES = ["label", "probabilities", "id", "error", "abstained"]
INFER = "/v2/models/photos/infer"


@pytest.fixture
def triton(tiny_server) -> Iterator[InferenceServerClient]:
    """Triton's client of a service on a real port."""
    client = InferenceServerClient(f"127.0.0.1:{tiny_server()}")
    yield client
    client.close()


def tensor(samples: list[bytes], *, binary: bool = True) -> list[InferInput]:
    """The tensor of some samples, as a user of Triton's client makes it."""
    found = InferInput("samples", [len(samples)], "BYTES")
    content = samples if binary else [base64.b64encode(one) for one in samples]
    found.set_data_from_numpy(np.array(content, dtype=object), binary_data=binary)
    return [found]


def by_hand(samples: list[bytes], **changes: object) -> dict:
    """The JSON of a request."""
    data = [base64.b64encode(one).decode() for one in samples]
    return {"inputs": [{"name": "samples", "shape": [len(data)], "datatype": "BYTES", "data": data} | changes]}


def test_triton__health_and_metadata(triton):
    """What a client asks before it sends anything."""
    assert triton.is_server_live()
    assert not triton.is_server_ready()  # `other` has no model
    assert triton.is_model_ready("photos")
    assert triton.is_model_ready("photos", "3")
    assert not triton.is_model_ready("photos", "2")
    assert not triton.is_model_ready("other")
    assert triton.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    found = triton.get_model_metadata("photos")
    assert (found["name"], found["versions"]) == ("photos", ["3"])
    assert found["inputs"] == [{"name": "samples", "datatype": "BYTES", "shape": [-1]}]
    assert [(one["name"], one["datatype"], one["shape"]) for one in found["outputs"]] == [
        ("label", "BYTES", [-1]), ("probabilities", "FP32", [-1, 2]), ("id", "BYTES", [-1]), ("error", "BYTES", [-1]),
        ("abstained", "BOOL", [-1]),
    ]  # fmt: skip
    assert found["outputs"][1]["parameters"] == {"classes": ["dark", "bright"]}


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("answered", [True, False])
def test_triton__infers(triton, shade, package, sent, answered):
    """In binary and in JSON: each sample has its answer in its place, a bad one its error alone."""
    samples = [shade(20), b"no picture", shade(220)]
    outputs = [InferRequestedOutput(name, binary_data=answered) for name in NAMES]
    found = triton.infer("photos", tensor(samples, binary=sent), outputs=outputs, request_id="mine")
    label, probabilities, known, error, abstained = (found.as_numpy(name).tolist() for name in NAMES)
    assert label == ([b"dark", b"", b"bright"] if answered else ["dark", "", "bright"])
    said = package.predict(np.stack([package.transform.decode(samples[place]) for place in (0, 2)]))[0]["shade"]
    assert np.allclose(probabilities, [said[0], [0, 0], said[1]], atol=1e-6)
    assert [bool(one) for one in error] == [False, True, False]
    assert len({*known}) == 3
    assert abstained == [False] * 3
    response = found.get_response()
    assert (response["model_version"], response["parameters"], response["id"]) == ("3", {"version": 3}, "mine")


@pytest.mark.parametrize("answered", [True, False])
def test_triton__abstains(triton, tiny_app, shade, answered):
    """What is not likely enough has no label, keeps its probabilities and says so."""
    tiny_app.made.state.service.slots["photos"].threshold.below = 0.9
    outputs = [InferRequestedOutput(name, binary_data=answered) for name in NAMES]
    found = triton.infer("photos", tensor([shade(100), shade(220)]), outputs=outputs)
    assert found.as_numpy("abstained").tolist() == [True, False]
    assert [bool(one) for one in found.as_numpy("label")] == [False, True]
    assert found.as_numpy("probabilities")[0] == pytest.approx([0.5, 0.5], abs=0.01)


def test_triton__all_outputs_unless_some_are_named(triton, shade):
    """As the protocol has it; Triton's client asks for them in binary by itself."""
    found = triton.infer("photos", tensor([shade(20)]), model_version="3")
    assert [one["name"] for one in found.get_response()["outputs"]] == NAMES
    one = triton.infer("photos", tensor([shade(20)]), outputs=[InferRequestedOutput("label")])
    assert (one.as_numpy("label").tolist(), one.as_numpy("id")) == ([b"dark"], None)


@pytest.mark.parametrize(
    ("domain", "version", "said"),
    [
        ("nowhere", "", "'nowhere' is not served here"),
        ("other", "", "nothing is in production yet"),
        ("photos", "2", "version 2 of 'photos' is not served; ask for 3"),
    ],
)
def test_triton__what_is_not_served(triton, shade, domain, version, said):
    """The client raises its own exception, which has the line."""
    with pytest.raises(InferenceServerException, match=said):
        triton.infer(domain, tensor([shade(20)]), model_version=version)


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        ({"json": {}}, 400, "inputs: Field required"),
        ({"content": b"{"}, 400, "the body: Invalid JSON"),
        ({"json": by_hand([b"x"], name="images")}, 400, "the input is 'images' of 'BYTES'; send 'samples'"),
        ({"json": by_hand([b"x"], datatype="FP32")}, 400, "of 'FP32'; send 'samples' of 'BYTES'"),
        ({"json": by_hand([b"x"], shape=[2])}, 400, "the shape is [2], the tensor has 1 samples"),
        ({"json": by_hand([])}, 400, "holds no sample"),
        ({"json": by_hand([b"x"], data=["%%"])}, 400, "no base64"),
        ({"json": by_hand([b"x"]) | {"outputs": [{"name": "logits"}]}}, 400, "there is no output 'logits'"),
        ({"json": by_hand([b"x"], parameters={"binary_data_size": 7})}, 400, "7, 0 bytes stand behind"),
        ({"json": by_hand([b"x"] * 3)}, 413, "3 samples in one request, 2 are allowed"),
        ({"content": b"x" * (2**20 + 1)}, 413, "over 1 MB"),
        ({"content": b"{}", "headers": {"Inference-Header-Content-Length": "9"}}, 400, "name the length of its JSON"),
        ({"content": b"{}", "headers": {"Inference-Header-Content-Length": "-1"}}, 400, "name the length of its JSON"),
        ({"content": b"{}", "headers": {"Content-Encoding": "gzip"}}, 415, "compressed"),
    ],
)
def test_infer__wrong_requests(tiny, monkeypatch, sent, code, said):
    """Each is one line where a client of the protocol looks for it."""
    monkeypatch.setenv("REGRAFT_SERVING__ITEMS", "2")
    monkeypatch.setenv("REGRAFT_SERVING__MEGABYTES", "1")
    found = tiny().post(INFER, **sent)
    assert (found.status_code, said in found.json()["error"], [*found.json()]) == (code, True, ["error"])


def test_infer__another_version_before_its_body_is_read(tiny):
    """It is told that it is not served, whatever it sends."""
    assert tiny().post("/v2/models/photos/versions/2/infer", content=b"{").status_code == 404


def test_infer__swapped_while_it_is_read(tiny, shade, monkeypatch):
    """Who named the version that was there when it began is not answered by the next one."""
    client = tiny()
    slot = client.app.state.service.slots["photos"]

    def slowly(body: bytes, length: str | None):
        slot.current = replace(slot.current, version=4)
        return read_request(body, length)

    monkeypatch.setattr("serving.http.v2.routes.read_request", slowly)
    found = client.post("/v2/models/photos/versions/3/infer", json=by_hand([shade(20)]))
    assert (found.status_code, "ask for 4" in found.json()["error"]) == (404, True)


@pytest.mark.parametrize("raw", [struct.pack("<I", 9) + b"short", b"\x01", b""])
def test_infer__binary_is_cut_off(tiny, raw):
    """What does not fit its own lengths is refused as a whole."""
    told = by_hand([b"x"], parameters={"binary_data_size": len(raw)})
    head = json.dumps(told).encode()
    found = tiny().post(INFER, content=head + raw, headers={"Inference-Header-Content-Length": str(len(head))})
    assert found.status_code == 400


def test_infer__plain_json(tiny, shade):
    """Without Triton's extension the answer is JSON, flat as the protocol has it."""
    found = tiny().post(INFER, json=by_hand([shade(20), shade(220)]))
    tensors = {one["name"]: one for one in found.json()["outputs"]}
    assert tensors["label"]["data"] == ["dark", "bright"]
    assert (tensors["probabilities"]["shape"], len(tensors["probabilities"]["data"])) == ([2, 2], 4)
    assert "id" not in found.json()


def test_v2__unknown_path_and_method(tiny):
    """What the framework itself refuses is told in the same form."""
    client = tiny()
    assert client.get("/v2/nothing").json() == {"error": "Not Found"}
    assert client.get(INFER).json() == {"error": "Method Not Allowed"}
    assert client.get("/v1/photos/predict").json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize(("path", "pinned"), [(INFER, False), ("/v2/models/photos/versions/3/infer", True)])
def test_infer__who_asks(tiny, shade, monkeypatch, path, pinned):
    """Parameters say who asks; who names a version wants that one, and no canary in its place."""
    client, told = tiny(), []
    service = client.app.state.service
    known = service.predict

    async def noted(domain, contents, asked, *, by_champion):
        told.append((asked, by_champion))
        return await known(domain, contents, asked, by_champion=by_champion)

    monkeypatch.setattr(service, "predict", noted)
    sent = by_hand([shade(20)]) | {"parameters": {"request_key": "k", "group": "g", "session": "s"}}
    assert client.post(path, json=sent).status_code == 200
    assert told == [(Asked(key="k", group="g", session="s"), pinned)]
