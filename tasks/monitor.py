"""The check of a domain's traffic: the newest of it against the champion's drift reference."""

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prefect import task

from monitoring.check import Check
from monitoring.controller.state import Evidence
from monitoring.figures import drift_figure
from monitoring.performance.performance import Performance
from monitoring.reference import Reference
from monitoring.windows import Window, window_of
from registry.store.models import ModelVersion
from registry.store.tracking import log_figures, log_values, settled, start_run
from serving.log.predictions import read
from tasks.domain import Domain
from tasks.policy import COMPUTE
from tasks.watch.baking import Regression, regression
from tasks.watch.measuring import Measured, measure
from tasks.watch.moment import Champion, Moment, champion_of
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
        judged: every figure with its threshold and what it says: drift, and how well the champion does.
        page: where it can be looked at.
        table: what was measured, as Markdown.
        withheld: hashes of the samples that led to a regression.
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
    judged: tuple[dict[str, Any], ...] = ()
    withheld: tuple[str, ...] = ()
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


@dataclass(frozen=True, eq=False)
class Looked:
    """All that a check found, in whole."""

    champion: Champion
    measured: Measured
    performance: Performance | None
    window: Window
    regression: Regression

    @property
    def check(self) -> Check:
        """What was found."""
        return self.measured.check

    def seen(self, page: str | None) -> Seen:
        """What of it goes on."""
        check, performance, window = self.check, self.performance, self.window
        evidence = replace(
            check.evidence(),
            regression=self.regression.told,
            harm=performance.harm if performance else "unknown",
            performance=performance.told if performance else "",
        )
        return Seen(
            domain=self.champion.found.domain,
            version=self.champion.found.version,
            evidence=evidence,
            samples=window.samples,
            window=window.digest,
            statistics=check.statistics,
            page=page,
            signals=check.signals,
            judged=(*check.judged, *(performance.judged if performance else ())),
            table="\n\n".join(one.markdown() for one in (check.drift, performance) if one),
            withheld=self.regression.with_window(window),
            kept=self.measured.kept,
        )


@task(name="check traffic", task_run_name="check the traffic of {config.name}", **COMPUTE)
def check_traffic(config: Domain) -> Seen | None:
    """Checks the newest traffic of the champion; the page, the figure and the artifact are for people.

    None where there is no champion: schedules run before the first promotion, too.
    """
    moment = Moment.present()
    looked = look(config, moment)
    if looked is None:
        return None
    check, page = looked.check, looked.measured.page(config, moment.now)
    if check.page is not None and check.drift is not None and check.drift.statistics:
        values = check.metrics | (looked.performance.metrics if looked.performance else {})
        _log(looked.champion.found, check, values, drift_figure(check.drift, looked.measured.reference, looked.window))
    return looked.seen(page)


def look(config: Domain, moment: Moment) -> Looked | None:
    """Looks at the traffic of the champion of a moment; nothing is written. None where there was no champion."""
    name, champion = config.name, champion_of(config.name, moment)
    if champion is None:
        return None
    package = champion.found.load()
    reference = Reference(package.reference, package.transform.hash, package.classes, package.cross_fitted)
    shown = read(
        name, version=champion.found.version, last=config.monitoring.window, since=champion.since, until=moment.at
    )
    window = window_of(shown, champion.since)
    arrivals = read(name, last=ARRIVALS, since=moment.now - USUAL, until=moment.at, columns=["time"])["time"]
    measured = measure(config, champion.found.version, reference, window, moment, arrivals=arrivals)
    judged = measured.check.health.verdict in {"ok", "cannot judge"}  # of broken data nothing is told
    performance = performance_of(config, champion, reference, window, moment) if judged else None
    return Looked(champion, measured, performance, window, regression(config, champion, moment))


def _log(found: ModelVersion, check: Check, measured: dict[str, float], figure: "Figure") -> None:
    tags = {"model_version": str(found.version), "verdict": check.health.verdict}
    with settled(start_run(found.domain, f"monitor v{found.version}", tags)) as run_id:
        log_values(run_id, measured, {}, {})
        log_figures(run_id, {"drift": figure})
