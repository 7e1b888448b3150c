"""Requests that schemathesis makes up from the OpenAPI document: none fails, each answer is as declared."""

import base64
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi import checks

KEPT = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]
NAMES = {"domain": {"type": "string", "enum": ["photos"]}, "number": {"type": "string", "enum": ["3"]}}


def document(app) -> dict:
    """The OpenAPI document with names that are served, which nobody would guess."""
    found = app.openapi()
    operations = [one for path in found["paths"].values() for one in path.values()]
    parameters = [parameter for operation in operations for parameter in operation.get("parameters", [])]
    for parameter in parameters:
        parameter["schema"] = NAMES.get(parameter["name"], parameter["schema"])
    return found


def samples(shade) -> st.SearchStrategy[bytes]:
    """Pictures, pictures with a byte changed or cut off, and any bytes."""
    whole = [shade(20), shade(220)]
    place = st.integers(0, len(whole[0]) - 1)
    changed = st.builds(lambda at, byte: whole[0][:at] + bytes([byte]) + whole[0][at + 1 :], place, st.integers(0, 255))
    cut = st.builds(lambda at: whole[1][:at], place)
    return st.one_of(st.sampled_from(whole), changed, cut, st.binary(max_size=64))


@pytest.mark.parametrize("examples", [50, pytest.param(1300, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_app__fuzzed(tiny_app, shade, examples):
    """No 500, nothing that is not declared; the pictures among them are answered."""
    app = tiny_app()
    content = samples(shade)
    schemathesis.openapi.format("binary", content)
    schemathesis.openapi.format("byte", content.map(lambda one: base64.b64encode(one).decode()))
    schemathesis.openapi.media_type("application/octet-stream", content)
    schema, told = schemathesis.openapi.from_dict(document(app)), Counter()
    schema.app = app
    with get_client(app) as client:
        operations = [found.ok() for found in schema.get_all_operations()]
        right = [(operation, GenerationMode.POSITIVE) for operation in operations]
        wrong = [(operation, GenerationMode.NEGATIVE) for operation in operations if operation.body]
        for operation, mode in (*right, *wrong):  # without a body nothing can be wrong but a name
            fuzz(operation, mode, client, examples, told)
    assert told[500] == 0
    assert told[200] > examples
    assert sum(told.values()) > 8 * examples  # four routes take a body


def fuzz(operation, mode, client, examples: int, told: Counter) -> None:
    """Sends so many requests of an operation."""

    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[*HealthCheck],
        phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case) -> None:
        if mode is GenerationMode.POSITIVE and "infer" in operation.path and isinstance(case.body, dict):
            case.body["inputs"][0]["shape"] = [len(case.body["inputs"][0].get("data") or [])]  # no schema can say it
        answer = case.call(base_url="http://localhost", session=client)
        told[answer.status_code] += 1
        assert answer.status_code != 500, (answer.text, case.as_curl_command())
        case.validate_response(answer, checks=KEPT)

    send()
