"""Which domains are served: the files below domains/, as they are now and as they become."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.flows import Flow
from prefect.runner import Runner

from flows.scheduler.deployments import deployments, forget_others
from settings.errors import RegraftError
from tasks.domain import Domain, domain_names, load_domain

logger = logging.getLogger(__name__)

WATCH = 5.0  # seconds


class DomainFiles:
    """Registers with a runner what the files say, now and whenever one of them changes."""

    def __init__(self, root: Path, retrain: Flow[..., Any], monitor: Flow[..., Any]) -> None:
        """Serves these two flows for every domain below a project root."""
        self._root, self._flows = root, {"retrain": retrain, "monitor": monitor}
        self._seen: dict[str, tuple[int, int]] = {}
        self._served: dict[str, tuple[Domain, list[UUID]]] = {}

    def names(self) -> list[str]:
        """The domains that are served at present."""
        return [*self._served]

    async def register(self, runner: Runner) -> list[UUID]:
        """Registers new and changed domains and takes those away that are gone or broken; returns what is served."""
        seen = self._files()
        domains = {domain.name: domain for domain in self._sound()}
        for name, domain in domains.items():
            if name not in self._served or self._served[name][0] != domain:
                built = deployments([domain], **self._flows)
                self._served[name] = domain, [await runner.aadd_deployment(one) for one in built]
        self._served = {name: self._served[name] for name in domains}
        ids = [one for _, made in self._served.values() for one in made]
        gone = forget_others(ids)
        self._seen = seen  # only now: what failed is tried again
        logger.info("serving %s; %d deployments of other domains gone", ", ".join(domains) or "nothing", gone)
        return ids

    async def follow(self, runner: Runner) -> None:
        """Registers anew whenever a file of a domain came, went or changed."""
        while True:
            await asyncio.sleep(WATCH)
            if self._files() == self._seen:
                continue
            try:
                await self.register(runner)
            except HTTPError as error:
                logger.warning("Prefect could not be told of changed domains (%s); trying again", error)

    def _files(self) -> dict[str, tuple[int, int]]:
        """What tells that a file changed: its time and size."""
        found = {path.stem: path.stat() for path in (self._root / "domains").glob("*.yaml") if path.is_file()}
        return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in found.items()}

    def _sound(self) -> Iterator[Domain]:
        """The domains whose file is right; of others a line tells what is wrong."""
        names = domain_names(self._root)
        if not names:
            logger.warning("no domain in %s: write one with `regraft new`", self._root / "domains")
        for name in names:
            try:
                yield load_domain(name)
            except RegraftError as error:
                logger.warning("%r is not served until this is mended: %s", name, error)
