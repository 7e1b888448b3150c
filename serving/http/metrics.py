"""What Prometheus reads: counted as requests end, or looked up in slots and logs when it asks.

The registry belongs to one service, so that two in a process do not count for each other.
"""

from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from serving.http.declared import METRICS
from serving.service import Service

SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one service."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self._domains = service.slots.keys()
        self._requests = Counter("regraft_requests", "Requests", ["domain", "route", "status"], registry=self.registry)
        self._seconds = Histogram(
            "regraft_request_seconds", "Time to an answer", ["domain", "route"], registry=self.registry
        )
        self.registry.register(_State(service))

    def observe(self, domain: str, route: str, status: int, seconds: float) -> None:
        """Counts a request; a name that a caller made up is no label."""
        known = domain if domain in self._domains else "-"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)


class _State(Collector):
    """What slots and logs know by now."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing is looked up while it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each metric with every domain in it."""
        yield self._batches()
        yield self._versions()
        yield from self._counters()
        yield from self._gauges()

    def _batches(self) -> Metric:
        found = HistogramMetricFamily("regraft_batch_size", "Samples that the model saw at once", labels=["domain"])
        for domain, slot in self._service.slots.items():
            sizes = slot.sizes
            steps = [(str(most), sum(sizes[size] for size in sizes if size <= most)) for most in SIZES]
            samples = sum(size * count for size, count in sizes.items())
            found.add_metric([domain], [*steps, ("+Inf", sizes.total())], samples)
        return found

    def _versions(self) -> Metric:
        found = InfoMetricFamily("regraft_model", "What answers", labels=["domain"])
        for domain, slot in self._service.slots.items():
            if slot.current is not None:
                found.add_metric([domain], {"version": str(slot.current.version), "ledger_row": slot.current.row})
        return found

    def _counters(self) -> Iterator[Metric]:
        slots, logs = self._service.slots, self._service.logs
        samples = {name: sum(size * times for size, times in slot.sizes.items()) for name, slot in slots.items()}
        yield _counter("regraft_samples", "Samples that went through the model", samples)
        yield _counter("regraft_swaps", "Versions taken in", {name: slot.swaps for name, slot in slots.items()})
        failed = {name: slot.refusals for name, slot in slots.items()}
        yield _counter("regraft_refusals", "Versions that failed a check", failed)
        abstained = {name: slot.abstentions for name, slot in slots.items()}
        yield _counter("regraft_abstentions", "Samples of callers who were told no class", abstained)
        lost = {name: log.lost for name, log in logs.items()}
        yield _counter("regraft_log_rows_lost", "Predictions that are in no log", lost)

    def _gauges(self) -> Iterator[Metric]:
        slots, logs = self._service.slots, self._service.logs
        depth = {name: slot.current.batcher.pending if slot.current else 0 for name, slot in slots.items()}
        yield _gauge("regraft_queue_depth", "Samples that wait for an answer", depth)
        faults = {name: bool(slot.fault) for name, slot in slots.items()}
        yield _gauge("regraft_fault", "1 where it cannot follow the ledger", faults)
        waiting = {name: log.waiting for name, log in logs.items()}
        yield _gauge("regraft_log_rows_waiting", "Predictions that are not written yet", waiting)
        unwritten = {name: bool(log.fault) for name, log in logs.items()}
        yield _gauge("regraft_log_fault", "1 where the log cannot be written", unwritten)


def _counter(name: str, what: str, values: Mapping[str, float]) -> Metric:
    found = CounterMetricFamily(name, what, labels=["domain"])
    for domain, value in values.items():
        found.add_metric([domain], value)
    return found


def _gauge(name: str, what: str, values: Mapping[str, float]) -> Metric:
    found = GaugeMetricFamily(name, what, labels=["domain"])
    for domain, value in values.items():
        found.add_metric([domain], value)
    return found


def router_of(metrics: Metrics) -> APIRouter:
    """Where Prometheus asks."""
    router = APIRouter()

    @router.get("/metrics", **METRICS)
    async def told() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
