"""The data tasks: ingest, validate, preprocess, embed."""

import logging
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact

from data.stages.ingest import IngestReport
from data.stages.ingest import ingest as ingest_source
from data.stages.report import ValidationReport, load_validation, report_page
from data.stores.manifest import processed_folder
from data.stores.versions.stages import dataset_version, reproduce_stage
from lightning_modules.inputs.activations import Prefix
from registry.ledger.watch.withheld import withheld
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.plan import Plan, Prepared
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key, task_progress

log = logging.getLogger(__name__)


@task(name="ingest", task_run_name="ingest {domain.name}", **IO)
def ingest(domain: Domain) -> IngestReport:
    """Reads what is new in the source."""
    with task_progress(f"ingest {domain.name}") as progress:
        out = withheld(load_settings().ledger, domain.name)
        return ingest_source(domain.root, domain.name, domain.data, progress, out)


@task(name="validate", task_run_name="validate {domain.name}", **IO)
def validate(domain: Domain) -> ValidationReport:
    """Runs the DVC stage that sorts rows into accepted and quarantine."""
    root, name = domain.root, domain.name
    reproduce_stage(root, "validate", name)
    report = load_validation(root, name)
    for line in (*(f"in quarantine: {cause}" for cause in report.causes), *report.notices):
        log.warning("%s", line)
    create_markdown_artifact(_quarantine_table(report, report_page(root, name)), key=artifact_key("quarantine", name))
    return report


@task(name="preprocess", task_run_name="preprocess {domain.name}", **IO)
def preprocess(domain: Domain, notices: tuple[str, ...] = ()) -> Prepared:
    """Runs the DVC stage that decodes, splits and writes shards; `notices` are of the steps before."""
    reproduce_stage(domain.root, "preprocess", domain.name)
    return Prepared(processed_folder(domain.root, domain.name), dataset_version(domain.root, domain.name), notices)


@task(name="embed", task_run_name="embed {plan.name} · {plan.domain.training.backbone}", **COMPUTE)
def embed(plan: Plan) -> int:
    """Fills the feature cache; returns how many samples were new."""
    prefix = Prefix(plan.settings.home, plan.dataset, plan.pretrained, plan.settings.cores)
    with task_progress(f"embed {plan.name}") as progress:
        return prefix.fill(plan.dataset.manifest, progress=progress)


def _quarantine_table(report: ValidationReport, page: Path) -> str:
    rows = [f"| {path} | {reason} |" for path, reason in report.quarantine.items()]
    head = (
        f"**{report.accepted} of {report.total} rows accepted**, {report.duplicates} duplicates dropped. Page: `{page}`"
    )
    return "\n".join([head, "", "| sample | reason |", "|---|---|", *(rows or ["| none | |"])])
