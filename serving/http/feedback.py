"""Labels that come back: of predictions by their id, by the caller's own key, or by content."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any, get_args

from fastapi import APIRouter, HTTPException, Request

from data.errors import StorageError
from serving.feedback.labels import Kind, Label, file_labels
from serving.http.asked import short_text
from serving.http.contents import bounded
from serving.http.declared import FEEDBACK
from serving.service import Service

logger = logging.getLogger(__name__)

KINDS = tuple(kind for kind in get_args(Kind) if kind != "path")  # a caller knows no file of this machine
MOST = 10_000
HOW = 'send {"labels": [{"id": "…", "label": "…"}, …]}; in place of id key or hash'


def router_of(service: Service) -> APIRouter:
    """Takes labels in."""
    router = APIRouter(prefix="/v1/{domain}")

    @router.post("/feedback", **FEEDBACK)
    async def feedback(domain: str, request: Request) -> dict[str, int]:
        """They are on the disk when this is answered; a prediction that is not in the log yet meets its label there."""
        classes = service.served(domain).package.classes
        labels = labels_in(await bounded(request, service.settings).body(), classes)
        try:
            await asyncio.to_thread(file_labels, domain, labels)
        except StorageError as error:
            logger.warning("%s: labels are not kept: %s", domain, error)
            told = "the labels could not be written; send them again later"
            raise HTTPException(503, told, {"Retry-After": "5"}) from error
        return {"accepted": len(labels)}

    return router


def labels_in(content: bytes, classes: Sequence[str]) -> list[Label]:
    """The labels of a request.

    Raises:
        HTTPException: 413 where they are too many, 422 where one makes no sense; then none is taken.
    """
    try:
        found: Any = json.loads(content)
        given = found.get("labels", [found])
        labels = [_label(one, classes) for one in given]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise HTTPException(422, f"no JSON with labels; {HOW}") from error
    if not labels:
        raise HTTPException(422, f"the request holds no label; {HOW}")
    if len(labels) > MOST:
        raise HTTPException(413, f"{len(labels)} labels in one request, {MOST} are allowed; send several")
    return labels


def _label(given: Any, classes: Sequence[str]) -> Label:
    kinds = [kind for kind in KINDS if given.get(kind) is not None]
    if len(kinds) != 1:
        raise HTTPException(422, f"a label has one of {', '.join(KINDS)}, this one {len(kinds)}; {HOW}")
    if given.get("label") not in classes:
        shown = str(given.get("label"))[:40]
        raise HTTPException(422, f"label {shown!r} is no class of the model (there: {', '.join(classes)}); correct it")
    return Label(kinds[0], short_text(kinds[0], given[kinds[0]]), given["label"])
