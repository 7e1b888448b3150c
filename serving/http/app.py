"""The service over HTTP."""

from collections.abc import Callable, Sequence

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from serving.access.exposure import check_exposure
from serving.access.keys import keys_path
from serving.access.ring import KeyRing
from serving.http import feedback, health, metrics, v1
from serving.http.faults import add_faults
from serving.http.layers.edge import Edge
from serving.http.layers.guard import Guard
from serving.http.page import explained
from serving.http.page import routes as page
from serving.http.v2 import routes as v2
from serving.service import Service
from settings.machine import Settings

TOLD = Depends(HTTPBearer(auto_error=False, description="where keys are on"))  # for readers; the guard looks at it


def create_app(
    domains: Sequence[str],
    settings: Settings,
    host: str = "127.0.0.1",
    present: Callable[[], Sequence[str]] | None = None,
) -> FastAPI:
    """The application, for any ASGI server with one process that listens on `host`.

    Where `present` is given, all domains that it names are served, too, as soon as it names them.

    Raises:
        ServingError: it would be open to whoever reaches it.
        KeysError: the keys cannot be read.
    """
    ring = KeyRing(keys_path(settings.home))
    check_exposure(host, ring)
    service = Service(domains, settings, present)
    measured = metrics.Metrics(service)
    app = FastAPI(title="Regraft", lifespan=service.running, docs_url=None, redoc_url=None)  # those load from elsewhere
    app.state.service = service
    app.add_middleware(Guard, ring=ring, host=host, settings=settings.serving)
    app.add_middleware(Edge, observe=measured.observe)
    add_faults(app)
    for router in (
        v1.router_of(service), v2.router_of(service), health.router_of(service, ring), metrics.router_of(measured),
        page.router_of(service), explained.router_of(service), feedback.router_of(service),
    ):  # fmt: skip
        app.include_router(router, dependencies=[TOLD])
    return app
