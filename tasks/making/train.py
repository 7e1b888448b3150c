"""The training tasks: open the MLflow run, fit in a process of its own, package, describe and register."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from evaluation.report.curves import training_curves_figure
from lightning_modules.config import FitConfig, interrupted_run
from lightning_modules.fitting.energy import energy_measured, read_energy
from lightning_modules.fitting.launch import FitResult
from lightning_modules.fitting.launch import train as run_fit
from registry.cards.describing import describe as describe_package
from registry.cards.facts import Facts
from registry.ledger.uses import UNREGISTERED, count_evaluation
from registry.package.packing import pack_fit
from registry.store.curves import EpochCurves
from registry.store.models import find_version
from registry.store.models import register as register_package
from registry.store.stale_runs import close_stale_runs
from registry.store.tracking import log_dataset, log_figures, log_json, log_values, reopen_run, start_run
from tasks.plan import Plan
from tasks.policy import COMPUTE, IO
from tasks.progress import task_progress


@dataclass(frozen=True)
class Candidate:
    """A registered version and the run that made it."""

    domain: str
    version: int
    run_id: str


@dataclass(frozen=True)
class Trained:
    """A finished fit and the MLflow run that it was made in; its package lies inside its folder."""

    run_id: str
    fit: FitResult

    @property
    def package(self) -> Path:
        """Folder of the package."""
        return self.fit.folder / "package"


@task(name="find version", task_run_name="find a version of {plan.name} trained alike", **IO)
def find_candidate(plan: Plan) -> Candidate | None:
    """The registered version that the same data, backbone, recipe and seed gave already, if there is one."""
    found = find_version(plan.name, "fit", plan.fit_key)
    return None if found is None else Candidate(plan.name, found.version, found.run_id)


@task(name="open run", task_run_name="open run {plan.name}", **IO)
def open_training_run(plan: Plan, parent: str | None) -> str:
    """Starts the MLflow run with its lineage, parameters, data set and the domain as it stands now.

    The run of an interrupted fit is opened again, so that its curves go on; others that were cut off are closed.
    """
    close_stale_runs(plan.name)
    interrupted = interrupted_run(plan.fit_folder)
    if interrupted is not None and reopen_run(interrupted, parent):
        return interrupted
    training = plan.domain.training
    run_id = start_run(plan.name, f"train · {training.recipe.kind}", plan.lineage, parent)
    params = {"backbone": training.backbone, **training.recipe.model_dump(), "seed": training.seed, **plan.counts}
    log_values(run_id, {}, params, {})
    log_dataset(run_id, plan.name, plan.prepared.version, plan.prepared.folder, plan.counts)
    log_json(run_id, "domain.json", plan.domain.snapshot)
    return run_id


@task(name="train", task_run_name="train {plan.name} · {plan.domain.training.recipe.kind}", **COMPUTE)
def fit(plan: Plan, run_id: str) -> Trained:
    """Trains in a process of its own; an interrupted fit of the same data and recipe goes on where it stopped."""
    config = fit_config(plan, plan.fit_folder, run_id)
    with energy_measured(config.folder), task_progress(f"train {plan.name}") as progress:
        fitted = run_fit(config, progress, EpochCurves(run_id).log)
    energy = read_energy(config.folder)
    used = {"fit_seconds": fitted.seconds, **({} if energy is None else {"fit_kwh": energy})}
    used["refitted_samples"] = fitted.refitted
    log_values(run_id, {**used, **fitted.forgetting}, {}, {})
    log_figures(run_id, {"training_curves": training_curves_figure(fitted.history, fitted.best_epoch)})
    return Trained(run_id, fitted)


@task(name="package", task_run_name="package {plan.name}", **COMPUTE)
def package(plan: Plan, trained: Trained) -> Path:
    """Builds the package and proves that it predicts what the network predicts."""
    return pack_fit(trained.fit.folder, plan.dataset, plan.pretrained, plan.raw.contents).folder


@task(name="describe", task_run_name="describe {plan.name}", **COMPUTE)
def describe(plan: Plan, trained: Trained) -> Path:
    """Judges the packed model on the test split, which is a use of it, and writes cards and bill of materials."""
    domain = plan.domain
    facts = Facts(
        domain=plan.name,
        description=domain.description,
        intended_use=domain.intended_use,
        dataset_version=plan.prepared.version,
        data_licence=domain.data.licence,
        training=domain.training,
        lineage=plan.lineage,
        epochs=trained.fit.epochs,
        seconds=trained.fit.seconds,
        energy=read_energy(trained.fit.folder),
        refitted=trained.fit.refitted,
    )
    count_evaluation(plan.settings, plan.name, plan.dataset, f"card of fit {plan.fit_key}", UNREGISTERED)
    return describe_package(trained.package, plan.dataset, facts, domain.gate, domain.evaluation).folder


@task(name="register", task_run_name="register {plan.name}", **IO)
def register(plan: Plan, trained: Trained) -> Candidate:
    """Registers the package as the domain's next version; the fit's folder has done its duty and goes."""
    kind, backbone, data = plan.domain.training.recipe.kind, plan.domain.training.backbone, plan.prepared.version
    tags = {"dataset_version": data, "recipe": kind, "backbone": backbone, "fit": plan.fit_key}
    version = register_package(
        plan.name, trained.package, trained.run_id,
        tags=tags, description=f"{kind} on {backbone}, data {data}", purpose=plan.domain.purpose,
    )  # fmt: skip
    named = {"model_version": str(version), "mlflow.runName": f"v{version} · {kind}"}
    log_values(trained.run_id, {}, {}, named)
    shutil.rmtree(trained.fit.folder)
    return Candidate(plan.name, version, trained.run_id)


def fit_config(plan: Plan, output: Path, run_id: str) -> FitConfig:
    """What the fit process is told: the domain's choices, the checked backbone and this machine's devices."""
    return FitConfig(
        root=str(plan.domain.root), dataset=str(plan.prepared.folder), tasks=plan.domain.data.tasks,
        pretrained=plan.pretrained, training=plan.domain.training, output=str(output), threads=plan.settings.cores,
        trainer=plan.settings.trainer, run_id=run_id,
    )  # fmt: skip
