"""The service: champions of some domains, over HTTP, on this machine.

It follows the ledger by itself, see `serving.slot`. Every answer names the version that gave it.
"""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from data.errors import SampleError
from serving.engine.answers import Answer
from serving.engine.batcher import Threads
from serving.errors import ModelFaultError, QueueFullError
from serving.http.contents import contents_of
from serving.log_writer import LogWriter
from serving.prediction_log import Prediction, told
from serving.slot import Served, Slot
from settings.machine import Settings

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # a page elsewhere cannot reach it under a name of its own


class Service:
    """The slots and logs of the domains that are served."""

    def __init__(self, domains: Sequence[str], settings: Settings) -> None:
        threads = Threads.of(settings.cores)
        self.settings = settings.serving
        self.slots = {name: Slot(name, threads, settings) for name in domains}
        self.logs = {name: LogWriter(name) for name in domains}

    @contextlib.asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """Follows the ledger and writes the logs meanwhile; at the end everything taken in is answered and logged."""
        work = [slot.follow() for slot in self.slots.values()] + [log.write() for log in self.logs.values()]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(slot.close() for slot in self.slots.values()))
            await asyncio.gather(*(log.flush() for log in self.logs.values()))

    def slot(self, domain: str) -> Slot:
        """The slot of a domain; 404 where it is not served."""
        if domain not in self.slots:
            raise HTTPException(404, f"{domain!r} is not served here (there: {', '.join(self.slots)})")
        return self.slots[domain]

    def served(self, domain: str) -> Served:
        """What answers for a domain by now; 503 where nothing does."""
        slot = self.slot(domain)
        if slot.current is None:
            why = slot.fault or "nothing is in production yet"
            raise HTTPException(503, f"{domain!r} has no model: {why}", headers={"Retry-After": "5"})
        return slot.current

    async def predict(self, domain: str, contents: Sequence[bytes]) -> list[dict[str, Any]]:
        """What the champion says of each sample; one that is no sample is told as its own error.

        Raises:
            HTTPException: 503 where too many wait, 504 where it took too long.
        """
        served = self.served(domain)  # and no await before they are submitted: a swap cannot come between
        try:
            futures = served.batcher.submit(contents)
        except QueueFullError as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "1"}) from error
        try:
            async with asyncio.timeout(self.settings.timeout):
                said = await asyncio.gather(*futures, return_exceptions=True)
        except TimeoutError as error:
            raise HTTPException(504, f"no answer within {self.settings.timeout:g} s; try again later") from error
        return [self._told(domain, served, content, one) for content, one in zip(contents, said, strict=True)]

    def _told(self, domain: str, served: Served, content: bytes, said: Answer | BaseException) -> dict[str, Any]:
        """One prediction as it is answered, which goes to the log as well."""
        key, transform = uuid.uuid4().hex, served.package.transform
        digest, known = hashlib.sha256(content).hexdigest(), {"id": key, "version": served.version}
        row = Prediction(datetime.now(UTC), served.version, transform.hash, digest, f"request/{key}")
        if isinstance(said, Answer):
            row = told(row, said)
            shown = zip(served.package.classes, said.probabilities.tolist(), strict=True)
            known |= {"label": said.predicted, "probabilities": dict(shown)}
        else:
            reason = str(said) if isinstance(said, SampleError | ModelFaultError) else "it cannot be read"
            row = Prediction(row.time, row.version, row.transform, digest, row.path, error=reason)
            known |= {"error": reason}
        self.logs[domain].add(row, tuple(transform.spec.measures))
        return known


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

    app.include_router(_domains(service))
    app.include_router(_health(service))
    return app


def _domains(service: Service) -> APIRouter:
    """What is asked of a domain."""
    router = APIRouter()

    @router.post("/v1/{domain}/predict")
    async def predict(domain: str, request: Request) -> dict[str, Any]:
        service.slot(domain)
        found = await service.predict(domain, await contents_of(request, service.settings))
        return {"predictions": found}

    @router.get("/v1/{domain}/model")
    async def model(domain: str) -> dict[str, Any]:
        served = service.served(domain)
        package = served.package
        spec = {"task": package.headline, "classes": package.classes, "transform": package.transform.hash}
        return {"domain": domain, "version": served.version, "ledger_row": served.row, **spec}

    return router


def _health(service: Service) -> APIRouter:
    """What is asked of the service itself."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """Ready once every domain has a model; what is wrong besides stands beside it."""
        found = {name: _state(slot, service.logs[name]) for name, slot in service.slots.items()}
        ready = all(slot.current is not None for slot in service.slots.values())
        return JSONResponse({"ready": ready, "domains": found}, 200 if ready else 503)

    return router


def _state(slot: Slot, log: LogWriter) -> dict[str, Any]:
    version = slot.current.version if slot.current else None
    return {"version": version, "fault": slot.fault, "log_fault": log.fault, "log_rows_lost": log.lost}
