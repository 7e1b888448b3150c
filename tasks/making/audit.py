"""The audit task: look for duplicates, wrong labels and planted samples, and show them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from prefect import task
from prefect.artifacts import create_markdown_artifact

from data.stores.manifest import read_table, validated_folder
from evaluation.audit.audit import Audit, Section
from evaluation.audit.audit import audit as audit_data
from evaluation.audit.findings import Samples
from evaluation.audit.page import shortened, write_findings, write_page
from lightning_modules.inputs.activations import PLAIN, Prefix
from registry.store.tracking import log_dataset, log_file, log_values, run_address, start_run
from tasks.plan import Plan
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key, task_progress

CODE = ("regraft_commit", "project_commit", "environment", "python")
LINEAGE = ("dataset_version", "backbone", "backbone_sha256", *CODE)


@dataclass(frozen=True)
class AuditReport:
    """What an audit found: totals and the first findings of each section, and where the page and the table lie."""

    domain: str
    version: str
    samples: int
    counts: dict[str, int]
    left_out: dict[str, str]
    page: Path
    table: Path
    run_id: str
    sections: tuple[Section, ...]


@task(name="open run", task_run_name="open the audit run of {plan.name}", **IO)
def open_audit_run(plan: Plan) -> str:
    """Starts the MLflow run with its lineage and data set."""
    tags = {"audit": "true", **{tag: plan.lineage[tag] for tag in LINEAGE}}
    run_id = start_run(plan.name, "audit", tags)
    log_dataset(run_id, plan.name, plan.prepared.version, plan.prepared.folder, plan.counts)
    return run_id


@task(name="audit", task_run_name="audit {plan.name}", **COMPUTE)
def audit(plan: Plan, run_id: str) -> AuditReport:
    """Audits the data from its cached features; page, table and counts go into the run, a link into the Prefect UI."""
    name, dataset, home, seed = plan.name, plan.dataset, plan.settings.home, plan.domain.training.seed
    accepted = read_table(validated_folder(plan.domain.root, name) / "accepted.parquet")
    prefix = Prefix(home, dataset, plan.pretrained, plan.settings.cores)
    with prefix.in_use(PLAIN):
        features = prefix.cache().read(list(dataset.manifest["hash"]))
    samples = Samples(name, dataset, accepted)
    found = audit_data(samples, features, version=plan.prepared.version, seed=seed, watch=_watch(name))
    folder = home / "reports" / name
    report = _report(found, folder / "audit.html", folder / "audit.csv", run_id)
    write_page(report.page, found, dataset)
    write_findings(report.table, found)
    _show(report, accepted)
    return report


def _watch(name: str) -> Callable[[str], AbstractContextManager[Callable[[int, int], None]]]:
    return lambda check: task_progress(f"{check} {name}")


def _report(found: Audit, page: Path, table: Path, run_id: str) -> AuditReport:
    counts = {section.title: section.total for section in found.sections}
    few = shortened(found).sections
    return AuditReport(found.domain, found.version, found.samples, counts, found.left_out, page, table, run_id, few)


def _show(report: AuditReport, accepted: pd.DataFrame) -> None:
    """Logs the counts and both files, and links them in the Prefect UI."""
    counts = {f"audit_{title.replace(' ', '_').replace('-', '_')}": count for title, count in report.counts.items()}
    log_values(report.run_id, {**counts, "audit_samples": report.samples}, {}, {})
    for path in (report.page, report.table):
        log_file(report.run_id, path)
    lines = [f"- {title}: **{count}**" for title, count in report.counts.items()]
    lines += [f"- {check}: left out, {reason}" for check, reason in report.left_out.items()]
    page, run = report.page.as_uri(), run_address(report.run_id)
    places = f"Page: [audit.html]({page}), table: `{report.table}`, MLflow: [run]({run})"
    create_markdown_artifact(
        "\n".join([f"**{report.samples} samples audited**", "", *lines, "", places]),
        key=artifact_key("audit", report.domain),
        description="Data audit",
    )
