"""The check of a domain's traffic: the newest of it against the champion's drift reference."""

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect import task

from monitoring.check import Check
from monitoring.controller.state import Evidence
from monitoring.figures import drift_figure
from monitoring.performance.performance import Performance
from monitoring.reference import Reference
from monitoring.windows import Window, window_of
from registry.ledger.history import term_began
from registry.ledger.ledger import Ledger
from registry.store.models import ModelVersion, champion
from registry.store.tracking import log_figures, log_values, settled, start_run
from serving.log.predictions import read
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.policy import COMPUTE
from tasks.watch.baking import regression
from tasks.watch.measuring import measure
from tasks.watch.performing import performance_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


USUAL, ARRIVALS = timedelta(days=28), 20_000  # what is looked back at to know how long pauses usually are


@dataclass(frozen=True)
class Seen:
    """What a check found, before anything follows from it.

    Attributes:
        domain: whose traffic.
        version: the champion.
        evidence: what was found, for the controller.
        samples: rows of the window.
        window: its digest.
        statistics: what was measured, by name.
        signals: the same with threshold, p-value and whether it alarms.
        page: where it can be looked at.
        table: what was measured, as Markdown.
        kept: what the next check is to know of it.
    """

    domain: str
    version: int
    evidence: Evidence
    samples: int
    window: str
    statistics: dict[str, float]
    page: str | None
    table: str
    signals: tuple[dict[str, Any], ...] = ()
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def began(self) -> str:
        """The time of the window's oldest sample (ISO, UTC); empty: it has none."""
        return str(self.kept.get("began", ""))

    @property
    def trial(self) -> str:
        """How often the check alarms without a reason and what it finds, for people; empty: it was not tried."""
        return str(self.kept.get("trial", ""))

    def figures(self) -> dict[str, Any]:
        """What is kept with the decision."""
        found = asdict(self.evidence)
        return {"samples": self.samples, "signals": self.signals, "page": self.page, "evidence": found, **self.kept}


@task(name="check traffic", task_run_name="check the traffic of {config.name}", **COMPUTE)
def check_traffic(config: Domain) -> Seen | None:
    """Checks the newest traffic of the champion; the page, the figure and the artifact are for people.

    None where there is no champion: schedules run before the first promotion, too.
    """
    name, found = config.name, champion(config.name)
    if found is None:
        return None
    package = found.load()
    reference = Reference(package.reference, package.transform.hash, package.classes, package.cross_fitted)
    now, begun = datetime.now(UTC), term_began(Ledger(load_settings().ledger).entries(name))
    window = window_of(read(name, version=found.version, last=config.monitoring.window, since=begun), begun)
    arrivals = read(name, last=ARRIVALS, since=now - USUAL, columns=["time"])["time"]
    measured = measure(config, found.version, reference, window, now=now, arrivals=arrivals)
    check = measured.check
    performance = _performance(config, found, check, reference, window, since=begun, now=now)
    evidence = replace(
        check.evidence(),
        regression=regression(config, found),
        harm=performance.harm if performance else "unknown",
        performance=performance.told if performance else "",
    )
    page = measured.page(config, now)
    if check.page is not None and check.drift is not None and check.drift.statistics:
        values = check.metrics | (performance.metrics if performance else {})
        _log(found, check, values, drift_figure(check.drift, measured.reference, window))
    return Seen(
        domain=name,
        version=found.version,
        evidence=evidence,
        samples=window.samples,
        window=window.digest,
        statistics=check.statistics,
        page=page,
        kept=measured.kept,
        signals=check.signals,
        table="\n\n".join(one.markdown() for one in (check.drift, performance) if one),
    )


def _performance(
    config: Domain,
    found: ModelVersion,
    check: Check,
    reference: Reference,
    window: Window,
    *,
    since: datetime | None,
    now: datetime,
) -> Performance | None:
    """How well the champion does; of broken data nothing is told."""
    if check.health.verdict not in {"ok", "cannot judge"}:
        return None
    return performance_of(config, found, reference, window, since=since, now=now)


def _log(found: ModelVersion, check: Check, measured: dict[str, float], figure: "Figure") -> None:
    tags = {"model_version": str(found.version), "verdict": check.health.verdict}
    with settled(start_run(found.domain, f"monitor v{found.version}", tags)) as run_id:
        log_values(run_id, measured, {}, {})
        log_figures(run_id, {"drift": figure})
