"""What is asked of the service itself."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serving.access.ring import KeyRing
from serving.errors import KeysError
from serving.http.declared import ALIVE, READY
from serving.log.writer import LogWriter
from serving.service import Service
from serving.slot import Slot


def router_of(service: Service, ring: KeyRing) -> APIRouter:
    """Whether it lives, and whether it answers; both are open to those who have no key."""
    router = APIRouter()

    @router.get("/healthz", **ALIVE)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", **READY)
    async def readyz() -> JSONResponse:
        """Ready once every domain has a model; what is wrong besides stands beside it, where no keys are on."""
        found = {name: _state(slot, service.logs[name]) for name, slot in service.slots.items()}
        if _for_others(ring):  # a fault may name paths and addresses
            found = {name: {"version": state["version"]} for name, state in found.items()}
        ready = all(slot.current is not None for slot in service.slots.values())
        return JSONResponse({"ready": ready, "domains": found}, 200 if ready else 503)

    return router


def _for_others(ring: KeyRing) -> bool:
    try:
        return ring.wanted()
    except KeysError:
        return True


def _state(slot: Slot, log: LogWriter) -> dict[str, Any]:
    version = slot.current.version if slot.current else None
    rows = {"log_rows_waiting": log.waiting, "log_rows_lost": log.lost}
    return {"version": version, "fault": slot.missing or slot.fault, "log_fault": log.fault, **rows}
