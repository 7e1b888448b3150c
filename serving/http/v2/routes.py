"""The Open Inference Protocol v2: clients of KServe, Seldon and Triton call a domain as a model of theirs.

A sample is the bytes of an encoded file. What is answered of it are the tensors label, probabilities, id, error and
abstained; one that fails alone has an error, no label and probabilities of 0.
"""

import asyncio
from importlib.metadata import version
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from serving.http.asked import asked_of
from serving.http.contents import bounded, check_count
from serving.http.declared import V2_INFER, V2_MODEL, V2_READY, V2_SERVER
from serving.http.gone import unless_gone
from serving.http.shown import shown
from serving.http.v2.tensors import BINARY, HEADER, INPUT, InferRequest, Tensor, read_request, write_answer
from serving.said import Said
from serving.service import Service
from serving.slot import Served

OUTPUTS = ("label", "probabilities", "id", "error", "abstained")
MODEL, VERSION = "/models/{domain}", "/models/{domain}/versions/{number}"


def router_of(service: Service) -> APIRouter:
    """What clients of the protocol ask."""
    router = APIRouter(prefix="/v2")
    _add_server(router, service)
    _add_model(router, service)
    return router


def _add_server(router: APIRouter, service: Service) -> None:
    """What is asked of the service."""

    @router.get("", **V2_SERVER)
    async def server() -> dict[str, Any]:
        return {"name": "regraft", "version": version("regraft"), "extensions": ["binary_tensor_data"]}

    @router.get("/health/live", **V2_READY)
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/health/ready", **V2_READY)
    async def ready() -> JSONResponse:
        every = all(slot.current is not None for slot in service.slots.values())
        return JSONResponse({"ready": every}, 200 if every else 503)


def _add_model(router: APIRouter, service: Service) -> None:
    """What is asked of a domain, and of a version of it, which has to be the one that answers."""

    @router.get(MODEL, **V2_MODEL)
    async def metadata(domain: str) -> dict[str, Any]:
        return _metadata(service, domain, service.served(domain))

    @router.get(f"{MODEL}/ready", **V2_MODEL)
    async def model_ready(domain: str) -> dict[str, Any]:
        service.served(domain)
        return {"name": domain, "ready": True}

    @router.post(f"{MODEL}/infer", **V2_INFER)
    async def infer(domain: str, request: Request) -> Response:
        return await _infer(service, domain, request, None)

    @router.get(VERSION, **V2_MODEL)
    async def metadata_of_version(domain: str, number: str) -> dict[str, Any]:
        return _metadata(service, domain, _served(service, domain, number))

    @router.get(f"{VERSION}/ready", **V2_MODEL)
    async def version_ready(domain: str, number: str) -> dict[str, Any]:
        _served(service, domain, number)
        return {"name": domain, "ready": True}

    @router.post(f"{VERSION}/infer", **V2_INFER)
    async def infer_by_version(domain: str, number: str, request: Request) -> Response:
        return await _infer(service, domain, request, number)


def _served(service: Service, domain: str, number: str | None) -> Served:
    """What answers, if it is the version that is asked for; the caller may name none.

    Raises:
        HTTPException: 404, it is another version.
    """
    served = service.served(domain)
    if number not in {None, str(served.version)}:
        raise HTTPException(404, f"version {number} of {domain!r} is not served; ask for {served.version}, or for none")
    return served


def _metadata(service: Service, domain: str, served: Served) -> dict[str, Any]:
    classes = [*served.package.classes]
    told: dict[str, dict[str, Any]] = {name: {"name": name, "datatype": "BYTES", "shape": [-1]} for name in OUTPUTS}
    columns = 1 if service.settings.top else len(classes)
    told["abstained"]["datatype"] = "BOOL"
    told["probabilities"] |= {"datatype": "FP32", "shape": [-1, columns], "parameters": {"classes": classes}}
    return {
        "name": domain,
        "versions": [str(served.version)],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": [*told.values()],
    }


async def _infer(service: Service, domain: str, request: Request, number: str | None) -> Response:
    _served(service, domain, number)  # what is not served is told before the body is read
    body = await bounded(request, service.settings).body()
    try:
        asked, contents = await asyncio.to_thread(read_request, body, request.headers.get(HEADER))
        wanted = _wanted(asked)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    check_count(len(contents), service.settings)
    _served(service, domain, number)  # it may have been swapped meanwhile
    who = asked_of(request, asked.parameters)
    said = await unless_gone(request, service.predict(domain, contents, who, by_champion=number is not None))
    served = said[0].served
    tensors = _tensors(service, served, said)
    known = {"model_name": domain, "model_version": str(served.version), "parameters": {"version": served.version}}
    answer, size = write_answer(
        known if asked.id is None else known | {"id": asked.id}, [tensors[name] for name in wanted], [*wanted.values()]
    )
    if not any(wanted.values()):
        return Response(answer, media_type="application/json")
    return Response(answer, media_type="application/octet-stream", headers={HEADER: str(size)})


def _wanted(asked: InferRequest) -> dict[str, bool]:
    """Outputs in the order in which they are asked for, and whether in binary."""
    usual = asked.parameters.get("binary_data_output", False)
    if asked.outputs is None:
        return dict.fromkeys(OUTPUTS, bool(usual))
    found = {output.name: bool(output.parameters.get(BINARY, usual)) for output in asked.outputs}
    if unknown := [name for name in found if name not in OUTPUTS]:
        raise ValueError(f"there is no output {unknown[0]!r}; ask for {', '.join(OUTPUTS)}")
    return found


def _tensors(service: Service, served: Served, said: list[Said]) -> dict[str, Tensor]:
    classes = served.package.classes
    columns = 1 if service.settings.top else len(classes)
    rows = np.zeros((len(said), columns), np.float32)
    for row, one in zip(rows, said, strict=True):
        if one.answer is not None:
            row[:] = [*shown(classes, one.answer, service.settings).values()]
    values = {
        "label": [one.label or "" for one in said],
        "probabilities": rows,
        "id": [one.id for one in said],
        "error": [one.error for one in said],
        "abstained": np.array([one.abstained for one in said]),
    }
    return {name: Tensor(name=name, values=found) for name, found in values.items()}
