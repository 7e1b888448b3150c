"""The monitoring task: the newest traffic of the champion against its drift reference."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from monitoring.config import MonitoringConfig
from monitoring.controller import decide
from monitoring.drift import measure_drift
from monitoring.figures import drift_figure
from monitoring.reference import Reference
from monitoring.report import write_drift_report
from monitoring.signals.report import DriftReport
from monitoring.triage import triage
from monitoring.windows import Window
from registry.package.package import load_package
from registry.store.models import champion
from registry.store.tracking import latest_run, log_figures, log_values, settled, start_run
from serving.prediction_log import read
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key


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
    """Triage first, then drift, then the decision; the page and the figure are for people."""
    found = champion(name)
    if found is None:  # a result and no fault: schedules run before the first promotion, too
        return MonitorReport(name, None, "nothing", f"no champion to watch yet; run `regraft retrain {name}`")
    package = load_package(found.folder)
    reference = Reference(package.reference, package.transform.hash, package.classes)
    window = Window(read(name, version=found.version, last=config.window))
    health = triage(window, reference.transform, config)
    drift = measure_drift(reference, window, config) if health.verdict == "ok" else None
    decision = decide(health, drift, config, last_retrain=_last_retrain(name), now=datetime.now(UTC))
    page = _page(name, reference, window, config) if drift else None
    if drift:
        _log(name, found.version, drift, decision.action, reference, window)
    text = f"**{decision.action}**: {decision.reason}\n\n" + (drift.markdown() if drift else "")
    create_markdown_artifact(
        text, key=artifact_key("drift", name), description=f"champion v{found.version}, {window.samples} samples"
    )
    values = {found.name: found.value for found in drift.statistics} if drift else {}
    told = (window.samples, window.digest, values, page)
    return MonitorReport(name, found.version, decision.action, decision.reason, *told)


@task(name="announce drift", task_run_name="announce drift {report.domain}", **IO)
def announce_drift(report: MonitorReport) -> None:
    """Emits `drift.detected`; the same window of the same version always carries the same event id."""
    emit_event(
        "drift.detected",
        resource={"prefect.resource.id": f"regraft.domain.{report.domain}", "prefect.resource.name": report.domain},
        payload={"domain": report.domain, "version": report.version, "window": report.window, "reason": report.reason},
        id=uuid5(NAMESPACE_URL, f"{report.domain}/{report.version}/{report.window}"),
    )


def _last_retrain(name: str) -> datetime | None:
    """Start of the newest retrain, whatever came of it: only their runs have a reason."""
    found = latest_run(name, "tags.reason != ''")
    return datetime.fromisoformat(found["time"]) if found else None


def _page(name: str, reference: Reference, window: Window, config: MonitoringConfig) -> str:
    path: Path = load_settings().home / "reports" / name / "drift.html"
    write_drift_report(reference, window, path, config=config)
    return str(path)


def _log(name: str, version: int, drift: DriftReport, action: str, reference: Reference, window: Window) -> None:
    tags = {"model_version": str(version), "action": action}
    metrics = {
        key: value for found in drift.statistics for key, value in _figures(found.name, found.value, found.p_value)
    }
    with settled(start_run(name, f"monitor v{version}", tags)) as run_id:
        log_values(run_id, metrics, {}, {})
        log_figures(run_id, {"drift": drift_figure(drift, reference, window)})


def _figures(name: str, value: float, p_value: float) -> list[tuple[str, float]]:
    plain = "drift_" + name.replace(" ", "_")
    return [(plain, value), (f"{plain}_p", p_value)]
