"""Tensors of the Open Inference Protocol v2 as bytes: in JSON, or behind it with the binary data extension.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, ValidationError

INPUT = "samples"
HEADER = "Inference-Header-Content-Length"
BINARY, SIZE = "binary_data", "binary_data_size"


class AskedInput(BaseModel):
    """A tensor that is sent: in JSON each sample in base64; in binary each behind its length, 4 bytes little-endian."""

    name: str = Field(json_schema_extra={"enum": [INPUT]})
    shape: list[int] = Field(json_schema_extra={"minItems": 1, "maxItems": 1})
    datatype: str = Field(json_schema_extra={"enum": ["BYTES"]})
    data: list[Annotated[str, Field(json_schema_extra={"format": "byte"})]] | None = None
    parameters: dict[str, Any] = {}


class AskedOutput(BaseModel):
    """A tensor that is wanted."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(BaseModel):
    """What is asked: one tensor of N samples; without `outputs` all of them are answered."""

    id: str | None = None
    inputs: list[AskedInput] = Field(min_length=1, max_length=1)
    outputs: list[AskedOutput] | None = None
    parameters: dict[str, Any] = {}


class Tensor(BaseModel):
    """A tensor that is answered."""

    model_config = {"arbitrary_types_allowed": True}

    name: str
    values: npt.NDArray[np.float32] | npt.NDArray[np.bool_] | list[str]

    @property
    def datatype(self) -> str:
        """FP32, BOOL or BYTES."""
        if isinstance(self.values, np.ndarray):
            return "BOOL" if self.values.dtype == np.bool_ else "FP32"
        return "BYTES"

    @property
    def shape(self) -> list[int]:
        """[N] or [N, K]."""
        return [*self.values.shape] if isinstance(self.values, np.ndarray) else [len(self.values)]

    @property
    def data(self) -> list[Any]:
        """As JSON has it: flat."""
        return self.values.ravel().tolist() if isinstance(self.values, np.ndarray) else self.values

    @property
    def raw(self) -> bytes:
        """As the binary extension has it."""
        if isinstance(self.values, np.ndarray):
            return self.values.astype("?" if self.datatype == "BOOL" else "<f4").tobytes()
        encoded = [value.encode() for value in self.values]
        return b"".join(struct.pack("<I", len(one)) + one for one in encoded)


def read_request(body: bytes, length: str | None) -> tuple[InferRequest, list[bytes]]:
    """A request and the bytes of its samples; `length` is what the header says of its JSON, None without a header.

    Raises:
        ValueError: it is no such request; the message says what is wrong.
    """
    size = len(body) if length is None else int(length) if length.isascii() and length.isdecimal() else -1
    if not 0 <= size <= len(body):
        raise ValueError(f"{HEADER} is {length!r}, the body has {len(body)} bytes; name the length of its JSON")
    try:
        request = InferRequest.model_validate_json(body[:size])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise ValueError(f"{where}: {first['msg']}; see GET /v2/models/{{model}}") from error
    return request, _samples(request.inputs[0], body[size:])


def write_answer(known: Mapping[str, Any], tensors: Sequence[Tensor], binary: Sequence[bool]) -> tuple[bytes, int]:
    """The body of an answer and the length of its JSON; tensors that are asked for in binary stand behind it."""
    outputs = [_told(tensor, raw) for tensor, raw in zip(tensors, binary, strict=True)]
    head = json.dumps({**known, "outputs": outputs}, separators=(",", ":")).encode()
    return head + b"".join(tensor.raw for tensor, raw in zip(tensors, binary, strict=True) if raw), len(head)


def _told(tensor: Tensor, raw: bool) -> dict[str, Any]:
    known = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
    return known | ({"parameters": {SIZE: len(tensor.raw)}} if raw else {"data": tensor.data})


def _samples(asked: AskedInput, behind: bytes) -> list[bytes]:
    if (asked.name, asked.datatype) != (INPUT, "BYTES"):
        raise ValueError(f"the input is {asked.name!r} of {asked.datatype!r}; send {INPUT!r} of 'BYTES'")
    size = asked.parameters.get(SIZE)
    if size is None:
        found = _decoded(asked.data or [])
    elif size == len(behind):
        found = list(_split(behind))
    else:
        raise ValueError(f"{SIZE} is {size!r}, {len(behind)} bytes stand behind the JSON; both must be the same")
    if not found:
        raise ValueError(f"the request holds no sample; send some in {INPUT!r}")
    if asked.shape != [len(found)]:
        raise ValueError(f"the shape is {asked.shape}, the tensor has {len(found)} samples; they must be [N]")
    return found


def _decoded(data: Sequence[str]) -> list[bytes]:
    try:
        return [base64.b64decode(one, validate=True) for one in data]
    except ValueError as error:
        raise ValueError("the data are no base64; encode each sample, or send them in binary") from error


def _split(raw: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(raw):
        end = place + 4 + int.from_bytes(raw[place : place + 4], "little")
        if end > len(raw):
            raise ValueError("the binary tensor is cut off; each sample stands behind its length in 4 bytes")
        yield raw[place + 4 : end]
        place = end
