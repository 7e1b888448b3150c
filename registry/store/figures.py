"""The figures of a run, as they were logged."""

from pathlib import Path

from data.stores.atomic import scratch_folder
from registry.store.client import mlflow_client, registry_errors
from settings.machine import load_settings

FOLDER = "figures"


def read_figures(run_id: str) -> dict[str, bytes]:
    """PNG files below figures/ of a run, by name; none where a person has deleted them.

    Raises:
        RegistryError: MLflow is down.
    """
    scratch = load_settings().scratch
    with registry_errors(f"read the figures of run {run_id}"), scratch_folder(scratch, FOLDER) as temporary:
        client = mlflow_client()
        there = [file.path for file in client.list_artifacts(run_id, FOLDER) if file.path.endswith(".png")]
        found = {path: client.download_artifacts(run_id, path, str(temporary)) for path in there}
        return {Path(path).stem: Path(local).read_bytes() for path, local in found.items()}
