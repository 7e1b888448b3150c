"""Where a person sees what the model looked at, if the settings say so."""

from fastapi import APIRouter, HTTPException, Request, Response

from data.errors import SampleError
from serving.explaining.asking import Explainer
from serving.http.contents import sent_in
from serving.http.declared import EXPLAIN
from serving.http.gone import unless_gone
from serving.service import Service


def router_of(service: Service) -> APIRouter:
    """Explains an image by the version that answered it."""
    router, explainer = APIRouter(prefix="/v1/{domain}"), Explainer(service.settings.timeout)

    @router.post("/explain", **EXPLAIN)
    async def explain(domain: str, request: Request) -> Response:
        """An image comes back with heat where evidence for the decision lies; unsaid, the version is the champion's."""
        service.slot(domain)
        if not service.settings.explain:
            raise HTTPException(404, "nothing is explained here; set REGRAFT_SERVING__EXPLAIN=true")
        contents, _ = await sent_in(request, service.settings)
        version = request.query_params.get("version", "")
        served = service.answering(domain, version) if version else service.served(domain)
        if len(contents) > 1:
            raise HTTPException(422, f"{len(contents)} images; one is explained at a time")
        try:
            found = await unless_gone(request, explainer.explain(served.package.folder, contents[0]))
        except SampleError as error:
            raise HTTPException(422, str(error)) from error
        told = {"Regraft-Version": str(served.version), "Regraft-Method": found.method}
        return Response(found.picture, media_type="image/png", headers=told)

    return router
