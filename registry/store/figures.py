"""The figures of a run, as they were logged."""

from pathlib import Path
from tempfile import TemporaryDirectory

from registry.store.client import mlflow_client, registry_errors

FOLDER = "figures"


def read_figures(run_id: str) -> dict[str, bytes]:
    """PNG files below figures/ of a run, by name; none where a person has deleted them.

    Raises:
        RegistryError: MLflow is down.
    """
    with registry_errors(f"read the figures of run {run_id}"), TemporaryDirectory() as temporary:
        client = mlflow_client()
        there = [file.path for file in client.list_artifacts(run_id, FOLDER) if file.path.endswith(".png")]
        found = {path: client.download_artifacts(run_id, path, temporary) for path in there}
        return {Path(path).stem: Path(local).read_bytes() for path, local in found.items()}
