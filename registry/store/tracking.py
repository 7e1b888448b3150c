"""MLflow runs: what was trained from which data, and everything that tells a person why one run is better.

One experiment a domain. Every call goes through `mlflow_client`, so that the settings decide where a run lands.
"""

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import RegistryError
from registry.ledger.ledger import Ledger
from registry.store.client import mlflow_client, registry_errors
from registry.store.metric_names import metric_name
from registry.store.run_marks import run_mark
from settings.machine import load_settings

log = logging.getLogger(__name__)


if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Experiment


def experiment_id(domain: str) -> str:
    """The domain's experiment, made at first use; its artifacts lie below the home folder.

    Raises:
        RegistryError: MLflow is down, or has lost a domain that is in production.
    """
    with registry_errors(f"open the experiment {domain!r}"):
        client, settings = mlflow_client(), load_settings()
        found = client.get_experiment_by_name(domain)
        if found is not None:
            return _restored(client, found)
        _refuse_lost(domain)
        remote = settings.tracking_uri.startswith("http")
        place = None if remote else f"{settings.artifacts}/{domain}"
        # The kind makes MLflow's UI open with training runs instead of traces.
        return str(client.create_experiment(domain, place, tags={"mlflow.experimentKind": "custom_model_development"}))


def _restored(client: "MlflowClient", found: "Experiment") -> str:
    """Id of an experiment; one that was deleted by hand, in MLflow's pages, takes no run until it is restored."""
    if found.lifecycle_stage == "deleted":
        log.warning("the experiment %r was deleted in MLflow and is restored", found.name)
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _refuse_lost(domain: str) -> None:
    """Raises RegistryError where a domain without experiment is in production: a new one would hide what was lost."""
    settings = load_settings()
    champion = Ledger(settings.ledger).champion(domain)
    if champion is not None:
        told = f"no experiment {domain!r}, but the ledger has v{champion} of it in production"
        remedy = "it was emptied or replaced: restore it from a backup, or set REGRAFT_MLFLOW_URI to the right one"
        message = f"MLflow at {settings.tracking_uri}: {told}; {remedy}"
        raise RegistryError(re.sub(r"//[^/\s]*@", "//", message))  # no password of an address


def start_run(domain: str, name: str, tags: Mapping[str, str], parent: str | None = None) -> str:
    """Starts a run, nested below `parent` where there is one; returns its id.

    Raises:
        RegistryError: MLflow is down.
    """
    own = {**tags, **run_mark(), **({"mlflow.parentRunId": parent} if parent else {})}
    with registry_errors("start a run"):
        return str(mlflow_client().create_run(experiment_id(domain), run_name=name, tags=own).info.run_id)


def reopen_run(run_id: str, parent: str | None = None) -> bool:
    """Sets an interrupted run to running again, below a new parent where there is one; False: it is gone."""
    with registry_errors("go on with a run"):
        client = mlflow_client()
        if not client.search_runs(_experiments(client), f"attributes.run_id = '{run_id}'"):
            return False
        client.set_terminated(run_id, "RUNNING")
        nested = {"mlflow.parentRunId": parent} if parent else {}
        for key, value in {**run_mark(), **nested}.items():
            client.set_tag(run_id, key, value)
    return True


def _experiments(client: "MlflowClient") -> list[str]:
    return [str(found.experiment_id) for found in client.search_experiments()]


@contextmanager
def settled(run_id: str) -> Iterator[str]:
    """Marks a run as finished when the block ends, as failed when it raises; what it raised is told, whatever follows.

    Raises:
        RegistryError: MLflow did not take the mark of a block that ended well.
    """
    try:
        yield run_id
    except BaseException:
        with suppress(RegistryError):  # what broke the block often breaks this, too; the next retrain closes the run
            _finish(run_id, "FAILED")
        raise
    _finish(run_id, "FINISHED")


def _finish(run_id: str, outcome: str) -> None:
    with registry_errors("finish a run"):
        mlflow_client().set_terminated(run_id, outcome)


def log_values(run_id: str, metrics: Mapping[str, float], params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    """Logs metrics, parameters and tags in one call; undefined metrics are left out."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    values = [Metric(metric_name(name), float(value), now, 0) for name, value in metrics.items() if value == value]  # noqa: PLR0124
    with registry_errors("log metrics"):
        mlflow_client().log_batch(
            run_id,
            metrics=values,
            params=[Param(name, str(value)) for name, value in params.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )


def log_curves(run_id: str, curves: Mapping[str, Mapping[int, float]]) -> None:
    """Logs metrics by step in one call, so that MLflow draws them as curves; undefined points are left out."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [
        Metric(metric_name(name), float(value), now, step)
        for name, curve in curves.items()
        for step, value in curve.items()
        if value == value  # noqa: PLR0124
    ]
    with registry_errors("log curves"):
        mlflow_client().log_batch(run_id, metrics=points)


def log_figures(run_id: str, figures: Mapping[str, "Figure"]) -> None:
    """Logs figures as PNG files below figures/."""
    with registry_errors("log figures"):
        client = mlflow_client()
        for name, figure in figures.items():
            client.log_figure(run_id, figure, f"figures/{name}.png", save_kwargs={"dpi": 110})


def log_json(run_id: str, name: str, content: str) -> None:
    """Logs a JSON text as an artifact."""
    with registry_errors(f"log {name}"):
        mlflow_client().log_text(run_id, content, name)


def log_file(run_id: str, path: Path) -> None:
    """Logs a file as an artifact of its own name."""
    with registry_errors(f"log {path.name}"):
        mlflow_client().log_artifact(run_id, str(path))


def log_table(run_id: str, name: str, content: str) -> None:
    """Logs a table (JSON of columns and data) so that MLflow's UI shows it as one; a run has one such table."""
    log_json(run_id, name, content)
    shown = json.dumps([{"path": name, "type": "table"}])  # the tag by which the UI knows a table
    log_values(run_id, {}, {}, {"mlflow.loggedArtifacts": shown})


def kept_text(run_id: str, name: str) -> str | None:
    """A text artifact; None: the run has none of that name.

    Raises:
        RegistryError: MLflow is down.
    """
    with registry_errors(f"look for {name} of run {run_id}"):
        there = mlflow_client().list_artifacts(run_id, name.rpartition("/")[0])
    return read_text(run_id, name) if name in {one.path for one in there} else None


def read_text(run_id: str, name: str) -> str:
    """Reads a text artifact back.

    Raises:
        RegistryError: the run has no such artifact, or MLflow is down.
    """
    import mlflow

    with registry_errors(f"read {name} of run {run_id}"):
        found = mlflow.artifacts.download_artifacts(
            artifact_uri=f"runs:/{run_id}/{name}", tracking_uri=load_settings().tracking_uri
        )
        return Path(found).read_text(encoding="utf-8")


def log_dataset(run_id: str, name: str, version: str, folder: Path, counts: Mapping[str, int]) -> None:
    """Records the dataset version as an input of a run, so that the UI shows it and filters by it."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = json.dumps({"uri": f"dvc:{folder.name}@{version}"})
    dataset = Dataset(name, digest=version, source_type="dvc", source=source, profile=json.dumps(dict(counts)))
    with registry_errors("log the data set"):
        mlflow_client().log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def run_address(run_id: str) -> str:
    """Address of a run's page in the UI: that of the tracking server, or of the one that `regraft up` starts."""
    settings = load_settings()
    local = f"http://127.0.0.1:{settings.mlflow_port}"
    remote = settings.tracking_uri.startswith("http")
    server = re.sub("//[^/@]*@", "//", settings.tracking_uri) if remote else local  # no password in a link
    with registry_errors(f"read run {run_id}"):
        experiment = mlflow_client().get_run(run_id).info.experiment_id
    # MLflow's pages open on the side of language models otherwise
    return f"{server}/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"


def run_params(run_id: str) -> dict[str, str]:
    """Parameters of a run."""
    with registry_errors(f"read run {run_id}"):
        return dict(mlflow_client().get_run(run_id).data.params)


def run_metrics(run_id: str) -> dict[str, float]:
    """Latest value of every metric of a run."""
    with registry_errors(f"read run {run_id}"):
        return dict(mlflow_client().get_run(run_id).data.metrics)


def latest_run(domain: str, condition: str) -> dict[str, str] | None:
    """Name, time, tags of Regraft's own and metrics of the newest run that fulfils an MLflow search condition."""
    with registry_errors(f"search the runs of {domain!r}"):
        runs = mlflow_client().search_runs([experiment_id(domain)], condition, max_results=1)
    if not runs:
        return None
    tags = {name: value for name, value in runs[0].data.tags.items() if not name.startswith("mlflow.")}
    when = datetime.fromtimestamp(runs[0].info.start_time / 1000, UTC).isoformat(timespec="seconds")
    return {
        "run": runs[0].info.run_name,
        "time": when,
        **tags,
        **{k: f"{v:.4g}" for k, v in runs[0].data.metrics.items()},
    }
