"""The data tasks: ingest, validate, preprocess, embed."""

from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact

from data.config import DataConfig
from data.stages.ingest import IngestReport
from data.stages.ingest import ingest as ingest_source
from data.stages.validate import ValidationReport, load_validation, report_page
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder
from data.stores.versioning import dataset_version, reproduce_stage
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.inputs.activations import embed as embed_dataset
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.progress import artifact_key, task_progress


@dataclass(frozen=True)
class Prepared:
    """A dataset version, ready for training."""

    folder: Path
    version: str


@task(name="ingest", task_run_name="ingest {name}", **IO)
def ingest(root: Path, name: str, config: DataConfig) -> IngestReport:
    """Reads what is new in the source."""
    with task_progress(f"ingest {name}") as progress:
        return ingest_source(root, name, config, progress)


@task(name="validate", task_run_name="validate {name}", **IO)
def validate(root: Path, name: str) -> ValidationReport:
    """Runs the DVC stage that sorts rows into accepted and quarantine."""
    reproduce_stage(root, "validate", name)
    report = load_validation(root, name)
    create_markdown_artifact(_quarantine_table(report, report_page(root, name)), key=artifact_key("quarantine", name))
    return report


@task(name="preprocess", task_run_name="preprocess {name}", **IO)
def preprocess(root: Path, name: str) -> Prepared:
    """Runs the DVC stage that decodes, splits and writes shards."""
    reproduce_stage(root, "preprocess", name)
    return Prepared(processed_folder(root, name), dataset_version(root, name))


@task(name="embed", task_run_name="embed {name} · {backbone}", **COMPUTE)
def embed(root: Path, name: str, config: DataConfig, backbone: str, prepared: Prepared) -> int:
    """Fills the feature cache; returns how many samples were new."""
    settings = load_settings()
    dataset = Dataset(prepared.folder, config.task, config.classes)
    with task_progress(f"embed {name}") as progress:
        return embed_dataset(root, settings.home, dataset, load_backbone(root, backbone), settings.cores, progress)


def _quarantine_table(report: ValidationReport, page: Path) -> str:
    rows = [f"| {path} | {reason} |" for path, reason in report.quarantine.items()]
    head = (
        f"**{report.accepted} of {report.total} rows accepted**, {report.duplicates} duplicates dropped. Page: `{page}`"
    )
    return "\n".join([head, "", "| sample | reason |", "|---|---|", *(rows or ["| none | |"])])
