"""The monitoring task: the newest traffic of the champion against its drift reference."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from monitoring.check import Check, check_window
from monitoring.config import MonitoringConfig
from monitoring.figures import drift_figure
from monitoring.reference import Reference
from monitoring.report import write_drift_report
from monitoring.windows import Window
from registry.store.models import ModelVersion, champion
from registry.store.tracking import latest_run, log_figures, log_values, settled, start_run
from serving.log.predictions import read
from settings.machine import load_settings
from tasks.events import tell_check
from tasks.names import DRIFT_EVENT, domain_resource
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class MonitorReport:
    """What one check found and what should follow."""

    domain: str
    version: int | None
    action: str
    reason: str
    samples: int = 0
    window: str = ""
    statistics: dict[str, float] = field(default_factory=dict)
    page: str | None = None


@task(name="check drift", task_run_name="check drift {name}", **COMPUTE)
def check_drift(name: str, config: MonitoringConfig) -> MonitorReport:
    """Checks the newest traffic of the champion; the page, the figure and the artifact are for people."""
    found = champion(name)
    if found is None:  # a result and no fault: schedules run before the first promotion, too
        return MonitorReport(name, None, "nothing", f"no champion to watch yet; run `regraft retrain {name}`")
    package = found.load()
    reference = Reference(package.reference, package.transform.hash, package.classes)
    window = Window(read(name, version=found.version, last=config.window))
    check = check_window(reference, window, config, last_retrain=_last_retrain(name), now=datetime.now(UTC))
    page = None
    if check.drift is not None:
        page = load_settings().home / "reports" / name / "drift.html"
        write_drift_report(reference, window, page, config=config)
        _log(found, check, drift_figure(check.drift, reference, window))
    told = f"champion v{found.version}, {window.samples} samples"
    tell_check(name, check.decision.action, check.decision.reason)
    create_markdown_artifact(check.markdown(), key=artifact_key("drift", name), description=told)
    return MonitorReport(
        name,
        found.version,
        check.decision.action,
        check.decision.reason,
        samples=window.samples,
        window=window.digest,
        statistics=check.statistics,
        page=None if page is None else str(page),
    )


@task(name="announce drift", task_run_name="announce drift {report.domain}", **IO)
def announce_drift(report: MonitorReport) -> None:
    """Emits the event of drift; the same window of the same version always carries the same event id."""
    emit_event(
        DRIFT_EVENT,
        resource={"prefect.resource.id": domain_resource(report.domain), "prefect.resource.name": report.domain},
        payload={"domain": report.domain, "version": report.version, "window": report.window, "reason": report.reason},
        id=uuid5(NAMESPACE_URL, f"{report.domain}/{report.version}/{report.window}"),
    )


def _last_retrain(name: str) -> datetime | None:
    """Start of the newest retrain, whatever came of it: only their runs have a reason."""
    found = latest_run(name, "tags.reason != ''")
    return datetime.fromisoformat(found["time"]) if found else None


def _log(found: ModelVersion, check: Check, figure: "Figure") -> None:
    tags = {"model_version": str(found.version), "action": check.decision.action}
    with settled(start_run(found.domain, f"monitor v{found.version}", tags)) as run_id:
        log_values(run_id, check.metrics, {}, {})
        log_figures(run_id, {"drift": figure})
