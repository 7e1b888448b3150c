"""What the OpenAPI document says of bodies and answers that are read and written by hand."""

from typing import Any

from pydantic import BaseModel

from serving.http.tensors import InferRequest

Route = dict[str, Any]  # keyword arguments of a route


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
    probabilities: dict[str, float] | None = None
    error: str | None = None


class Predictions(BaseModel):
    """One for each sample, in their order."""

    predictions: list[Told]


class Inputs(BaseModel):
    """Samples in base64."""

    inputs: list[str]


class V2Tensor(BaseModel):
    """A tensor; flat data in JSON, or none where they are sent in binary."""

    name: str
    datatype: str
    shape: list[int]
    data: list[str] | list[float] | None = None
    parameters: dict[str, Any] | None = None


class V2Answer(BaseModel):
    """The tensors label, probabilities, id and error."""

    id: str | None = None
    model_name: str
    model_version: str
    parameters: dict[str, Any]
    outputs: list[V2Tensor]


def _refusals(model: type[BaseModel], *codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": model, "description": "refused, in one line"} for code in (400, 401, 403, 429, 500, *codes)}


def _route(answer: type[BaseModel] | None, refusals: dict[int | str, dict[str, Any]], **more: Any) -> Route:
    known = {200: {"model": answer, "description": "answered"}} if answer else {}
    return {"response_model": None, "responses": {**refusals, **known}, **more}


def _body(**kinds: Any) -> dict[str, Any]:
    content = {name.replace("__", "/").replace("_", "-"): {"schema": schema} for name, schema in kinds.items()}
    return {"requestBody": {"required": True, "content": content}}


_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BYTES = {"type": "string", "format": "binary"}
_READING = (404, 408, 413, 415, 422, 503, 504)

PREDICT = _route(
    Predictions,
    _refusals(Refusal, *_READING),
    openapi_extra=_body(
        multipart__form_data={"type": "object", "properties": {"files": _FILES}, "required": ["files"]},
        application__json=Inputs.model_json_schema(),
        application__octet_stream=_BYTES,
    ),
)
KNOWN = _route(None, _refusals(Refusal, 404, 422, 503))
SERVER = _route(None, _refusals(V2Refusal))
READY = _route(None, _refusals(V2Refusal, 404, 422, 503))
METADATA = READY
INFER = _route(
    V2Answer,
    _refusals(V2Refusal, *_READING),
    openapi_extra=_body(
        application__json=InferRequest.model_json_schema(ref_template="#/components/schemas/{model}"),
        application__octet_stream=_BYTES,
    ),
)
TEXT = _route(None, _refusals(Refusal, 404, 422, 503))
