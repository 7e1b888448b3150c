"""Where a browser finds the page, and the card of the model that answers."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, PlainTextResponse

from registry.errors import PackageError
from serving.http import declared
from serving.service import Service

HERE = Path(__file__).parent
CARD = "model_card.md"


def router_of(service: Service) -> APIRouter:
    """The page and the card."""
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(HERE / "index.html")

    @router.get("/page.js", include_in_schema=False)
    async def script() -> Response:
        return FileResponse(HERE / "page.js")

    @router.get("/page.css", include_in_schema=False)
    async def style() -> Response:
        return FileResponse(HERE / "page.css")

    @router.get("/page.svg", include_in_schema=False)
    async def icon() -> Response:
        return FileResponse(HERE / "page.svg")

    @router.get("/v1/{domain}/card", **declared.CARD)
    async def card(domain: str) -> Response:
        """What people read of the version that answers."""
        served = service.served(domain)
        try:
            content = await asyncio.to_thread(served.package.content, CARD)
        except (PackageError, OSError) as error:
            raise HTTPException(404, f"the card of version {served.version} is gone or was altered") from error
        return PlainTextResponse(content, media_type="text/markdown")

    return router
