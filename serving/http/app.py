"""The service over HTTP, on this machine."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serving.http import feedback, health, v1
from serving.http.faults import add_faults
from serving.service import Service
from settings.machine import Settings

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # a page elsewhere cannot reach it under a name of its own


def create_app(domains: Sequence[str], settings: Settings) -> FastAPI:
    """The application, for any ASGI server with one process."""
    service = Service(domains, settings)
    app = FastAPI(title="Regraft", lifespan=service.running, docs_url=None, redoc_url=None)  # those load from elsewhere
    app.state.service = service
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)

    @app.middleware("http")
    async def secured(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    add_faults(app)
    app.include_router(v1.router_of(service))
    app.include_router(feedback.router_of(service))
    app.include_router(health.router_of(service))
    return app
