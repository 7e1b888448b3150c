"""The training tasks: open the MLflow run, fit in a process of its own, package, describe and register."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from data.config import DataConfig
from data.stores.dataset import Dataset
from evaluation.inference.config import EvaluationConfig
from evaluation.report.curves import training_curves_figure
from lightning_modules.config import FitConfig, TrainingConfig, fit_key, interrupted_run
from lightning_modules.fitting.energy import energy_measured, read_energy
from lightning_modules.fitting.launch import FitResult
from lightning_modules.fitting.launch import train as run_fit
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.insight.forgetting import Forgetting, measure_adaptation
from registry.cards.describing import describe as describe_package
from registry.cards.facts import Facts
from registry.cards.lineage import lineage
from registry.gate.config import GateConfig
from registry.ledger.uses import UNREGISTERED, count_evaluation
from registry.package.packing import pack_fit
from registry.store.models import find_version
from registry.store.models import register as register_package
from registry.store.tracking import log_dataset, log_figures, log_json, log_values, reopen_run, start_run
from settings.machine import load_settings
from tasks.policy import COMPUTE, IO
from tasks.prepare import Prepared
from tasks.progress import task_progress


@dataclass(frozen=True)
class Candidate:
    """A registered version and the run that made it."""

    domain: str
    version: int
    run_id: str


@task(name="find version", task_run_name="find a version of {name} trained alike", **IO)
def find_candidate(
    root: Path, name: str, data: DataConfig, training: TrainingConfig, prepared: Prepared
) -> Candidate | None:
    """The registered version that the same data, backbone, recipe and seed gave already, if there is one."""
    found = find_version(name, "fit", _key(root, data, training, prepared))
    return None if found is None else Candidate(name, found.version, found.run_id)


@task(name="open run", task_run_name="open run {name}", **IO)
def open_training_run(
    root: Path,
    name: str,
    data: DataConfig,
    training: TrainingConfig,
    prepared: Prepared,
    snapshot: str,
    parent: str | None,
) -> str:
    """Starts the MLflow run with its lineage, parameters, data set and the domain as it stands now.

    The run of an interrupted fit is opened again, so that its curves go on.
    """
    interrupted = interrupted_run(_folder(root, name, data, training, prepared))
    if interrupted is not None and reopen_run(interrupted, parent):
        return interrupted
    dataset = Dataset(prepared.folder, data.task, data.classes)
    transform = load_backbone(root, training.backbone).transform(dataset.spec)
    tags = lineage(root, prepared.version, transform, training)
    counts = {str(split): int(count) for split, count in dataset.manifest["split"].value_counts().items()}
    run_id = start_run(name, f"train · {training.recipe.kind}", tags, parent)
    params = {"backbone": training.backbone, **training.recipe.model_dump(), "seed": training.seed, **counts}
    log_values(run_id, {}, params, {})
    log_dataset(run_id, name, prepared.version, prepared.folder, counts)
    log_json(run_id, "domain.json", snapshot)
    return run_id


@task(name="train", task_run_name="train {name} · {training.recipe.kind}", **COMPUTE)
def fit(
    root: Path, name: str, data: DataConfig, training: TrainingConfig, prepared: Prepared, run_id: str
) -> FitResult:
    """Trains in a process of its own; an interrupted fit of the same data and recipe goes on where it stopped."""
    config = fit_config(root, name, data, training, prepared, _folder(root, name, data, training, prepared), run_id)
    with energy_measured(config.folder), task_progress(f"train {name}") as progress:
        fitted = run_fit(config, progress)
    energy = read_energy(config.folder)
    log_values(run_id, {"fit_seconds": fitted.seconds, **({} if energy is None else {"fit_kwh": energy})}, {}, {})
    log_figures(run_id, {"training_curves": training_curves_figure(fitted.history, fitted.best_epoch)})
    return fitted


@task(name="measure adaptation", task_run_name="measure how far {name} moved its backbone", **COMPUTE)
def measure_forgetting(
    root: Path,
    name: str,
    data: DataConfig,
    training: TrainingConfig,
    prepared: Prepared,
    fitted: FitResult,
    run_id: str,
) -> Forgetting:
    """Says what the adapted backbone lost of its source task: nothing, where only the head learned."""
    card, dataset = load_backbone(root, training.backbone), Dataset(prepared.folder, data.task, data.classes)
    found = measure_adaptation(root, card, card.transform(dataset.spec), fitted.folder / "weights.safetensors")
    kept = {} if found.agreement is None else {"source_agreement": found.agreement}
    log_values(run_id, {"source_cka": found.cka, **kept}, {}, {})
    return found


@task(name="package", task_run_name="package {name}", **COMPUTE)
def package(
    root: Path, name: str, data: DataConfig, training: TrainingConfig, prepared: Prepared, fitted: FitResult
) -> Path:
    """Builds the package and proves that it predicts what the network predicts."""
    dataset = Dataset(prepared.folder, data.task, data.classes)
    return pack_fit(root, fitted.folder, dataset, training.backbone).folder


@task(name="describe", task_run_name="describe {name}", **COMPUTE)
def describe(
    root: Path,
    name: str,
    folder: Path,
    data: DataConfig,
    training: TrainingConfig,
    gate: GateConfig,
    slices: EvaluationConfig,
    prepared: Prepared,
    fitted: FitResult,
    description: str,
    intended_use: str,
) -> Path:
    """Judges the packed model on the test split, which is a use of it, and writes cards and bill of materials."""
    dataset = Dataset(prepared.folder, data.task, data.classes)
    transform = load_backbone(root, training.backbone).transform(dataset.spec)
    facts = Facts(
        domain=name,
        description=description,
        intended_use=intended_use,
        dataset_version=prepared.version,
        data_licence=data.licence,
        training=training,
        lineage=lineage(root, prepared.version, transform, training),
        epochs=fitted.epochs,
        seconds=fitted.seconds,
        energy=read_energy(fitted.folder),
    )
    question = f"card of fit {_key(root, data, training, prepared)}"
    count_evaluation(load_settings(), name, dataset, question, UNREGISTERED)
    return describe_package(folder, dataset, facts, gate, slices).folder


@task(name="register", task_run_name="register {name}", **IO)
def register(
    root: Path,
    name: str,
    folder: Path,
    run_id: str,
    data: DataConfig,
    training: TrainingConfig,
    prepared: Prepared,
    purpose: str,
) -> Candidate:
    """Registers the package as the domain's next version; the fit's folder has done its duty and goes."""
    description = f"{training.recipe.kind} on {training.backbone}, data {prepared.version}"
    tags = {
        "dataset_version": prepared.version,
        "recipe": training.recipe.kind,
        "backbone": training.backbone,
        "fit": _key(root, data, training, prepared),
    }
    version = register_package(name, folder, run_id, tags=tags, description=description, purpose=purpose)
    log_values(
        run_id, {}, {}, {"model_version": str(version), "mlflow.runName": f"v{version} · {training.recipe.kind}"}
    )
    shutil.rmtree(folder.parent)
    return Candidate(name, version, run_id)


def fit_config(
    root: Path, name: str, data: DataConfig, training: TrainingConfig, prepared: Prepared, output: Path, run_id: str
) -> FitConfig:
    """What the fit process is told: the domain's choices and this machine's devices."""
    settings = load_settings()
    return FitConfig(
        root=str(root), dataset=str(prepared.folder), task=data.task, classes=data.classes, training=training,
        output=str(output), threads=settings.cores, trainer=settings.trainer, experiment=name, run_id=run_id,
    )  # fmt: skip


def _key(root: Path, data: DataConfig, training: TrainingConfig, prepared: Prepared) -> str:
    dataset = Dataset(prepared.folder, data.task, data.classes)
    key = load_backbone(root, training.backbone).key(root, dataset.spec)
    return fit_key(prepared.version, key, training, data.classes)


def _folder(root: Path, name: str, data: DataConfig, training: TrainingConfig, prepared: Prepared) -> Path:
    return load_settings().home / "fits" / name / _key(root, data, training, prepared)
