"""What the OpenAPI document says of bodies and answers that are read and written by hand."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from serving.http.asked import FIELDS
from serving.http.v2.tensors import HEADER, InferRequest

Route = dict[str, Any]  # keyword arguments of a route
Responses = dict[int | str, dict[str, Any]]


class Refusal(BaseModel):
    """Why nothing is answered, in one line."""

    detail: str


class V2Refusal(BaseModel):
    """Why nothing is answered, in one line, where clients of /v2 look for it."""

    error: str


class Told(BaseModel):
    """One prediction: a label with probabilities by class, or an error."""

    id: str
    version: int
    label: str | None = None
    abstained: bool | None = None
    probabilities: dict[str, float] | None = None
    error: str | None = None


class Predictions(BaseModel):
    """One for each sample, in their order."""

    predictions: list[Told]


class Ready(BaseModel):
    """Whether every domain has a model, and how each stands."""

    ready: bool
    domains: dict[str, dict[str, Any]]


class Accepted(BaseModel):
    """How many labels were taken in."""

    accepted: int


class V2Tensor(BaseModel):
    """A tensor; flat data in JSON, or none where they are sent in binary."""

    name: str
    datatype: str
    shape: list[int]
    data: list[str] | list[float] | list[bool] | None = None
    parameters: dict[str, Any] | None = None


class V2Answer(BaseModel):
    """The tensors label, probabilities, id, error and abstained."""

    id: str | None = None
    model_name: str
    model_version: str
    parameters: dict[str, Any]
    outputs: list[V2Tensor]


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    """A JSON schema without references, as it stands in another document."""
    if isinstance(schema, list):
        return [_inlined(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _inlined(one, parts) for name, one in schema.items() if name != "$defs"}


def _schema(model: type[BaseModel]) -> Any:
    found = model.model_json_schema()
    return _inlined(found, found.get("$defs", {}))


def _refusals(model: type[BaseModel], *codes: int) -> Responses:
    """Those of every route, and some more."""
    return {code: {"model": model, "description": "refused, in one line"} for code in (400, 401, 403, 429, 500, *codes)}


def _route(responses: Responses, content: Mapping[str, Any], **more: Any) -> Route:
    """A route that answers with some content; it writes its answer by itself."""
    told = {"description": "answered", "content": {kind: {"schema": schema} for kind, schema in content.items()}}
    return {"response_model": None, "responses": {**responses, 200: told}, "openapi_extra": more}


def _body(**content: Any) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in content.items()}}


JSON, FORM, BINARY, ANY = "application/json", "multipart/form-data", "application/octet-stream", {"type": "object"}
_BYTES, _BASE64 = {"type": "string", "format": "binary"}, {"type": "string", "format": "byte"}
_TEXT = {"type": "string"}
_MODEL, _READING = (404, 422, 503), (404, 408, 413, 415, 422, 503, 504)
_LENGTH = {
    "name": HEADER, "in": "header", "required": False, "schema": {"type": "integer", "minimum": 0},
    "description": "bytes of JSON that stand before binary tensors",
}  # fmt: skip


def _object(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [required]}


_ASKED = {name: {"type": "string"} for name in FIELDS}
_LABEL = {name: {"type": "string"} for name in ("id", "key", "hash", "label")}

PREDICT = _route(
    _refusals(Refusal, *_READING),
    {JSON: _schema(Predictions)},
    requestBody=_body(**{
        FORM: _object({"files": {"type": "array", "items": _BYTES}, **_ASKED}, "files"),
        JSON: _object({"inputs": {"type": "array", "items": _BASE64}, **_ASKED}, "inputs"),
        BINARY: _BYTES,
    }),
)  # fmt: skip
FEEDBACK = _route(
    _refusals(Refusal, *_READING),
    {JSON: _schema(Accepted)},
    requestBody=_body(**{JSON: _object({"labels": {"type": "array", "items": _object(_LABEL, "label")}}, "labels")}),
)
EXPLAIN = _route(
    _refusals(Refusal, *_READING), {"image/png": _BYTES}, requestBody=PREDICT["openapi_extra"]["requestBody"],
    parameters=[{"name": "version", "in": "query", "required": False, "schema": _TEXT}],
)  # fmt: skip
MODEL = _route(_refusals(Refusal, *_MODEL), {JSON: ANY})
CARD = _route(_refusals(Refusal, *_MODEL), {"text/markdown": _TEXT})
METRICS = _route(_refusals(Refusal), {"text/plain": _TEXT})
ALIVE = _route(_refusals(Refusal), {JSON: ANY})
READY = _route({**_refusals(Refusal), 503: {"model": Ready, "description": "not ready"}}, {JSON: _schema(Ready)})
V2_SERVER = _route(_refusals(V2Refusal), {JSON: ANY})
V2_READY = _route({**_refusals(V2Refusal), 503: {"description": "not ready", "content": {JSON: {}}}}, {JSON: ANY})
V2_MODEL = _route(_refusals(V2Refusal, *_MODEL), {JSON: ANY})
V2_INFER = _route(
    _refusals(V2Refusal, *_READING),
    {JSON: _schema(V2Answer), BINARY: _BYTES},
    requestBody=_body(**{JSON: _schema(InferRequest), BINARY: _BYTES}),
    parameters=[_LENGTH],
)
