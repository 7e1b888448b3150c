"""Regraft's own requests: predictions of a domain, and what answers them."""

from typing import Any

from fastapi import APIRouter, Request

from serving.http.contents import sent_in
from serving.http.declared import MODEL, PREDICT
from serving.http.gone import unless_gone
from serving.http.shown import shown
from serving.said import Said
from serving.service import Service
from settings.machine import ServingSettings


def router_of(service: Service) -> APIRouter:
    """What is asked of a domain."""
    router = APIRouter(prefix="/v1/{domain}")

    @router.post("/predict", **PREDICT)
    async def predict(domain: str, request: Request) -> dict[str, Any]:
        service.slot(domain)  # an unknown domain is told before the body is read
        contents, asked = await sent_in(request, service.settings)
        found = await unless_gone(request, service.predict(domain, contents, asked))
        return {"predictions": [_told(one, service.settings) for one in found]}

    @router.get("/model", **MODEL)
    async def model(domain: str) -> dict[str, Any]:
        served = service.served(domain)
        package = served.package
        spec = {"task": package.headline, "classes": package.classes, "transform": package.transform.hash}
        known = {"domain": domain, "version": served.version, "ledger_row": served.row}
        return {**known, "explains": service.settings.explain, **spec}

    return router


def _told(said: Said, settings: ServingSettings) -> dict[str, Any]:
    """One prediction as it is answered."""
    known = {"id": said.id, "version": said.served.version}
    if said.answer is None:
        return known | {"error": said.error}
    probabilities = shown(said.served.package.classes, said.answer, settings)
    return known | {"label": said.label, "abstained": said.abstained, "probabilities": probabilities}
