"""The curves of a fit in MLflow while it runs: the flow that waits for it logs them, and the fit needs no MLflow."""

from collections.abc import Mapping, Sequence

from registry.store.client import mlflow_client, registry_errors
from registry.store.tracking import log_curves

UNDRAWN = {"epoch", "phase", "seconds", "images_per_second"}
MARK = "val_loss"  # every epoch has one


class EpochCurves:
    """Logs each epoch once, under its number, so that runs with other batch sizes or phases can be laid side by side.

    Raises:
        RegistryError: MLflow or its database refused or is down (here or in any method).
    """

    def __init__(self, run_id: str) -> None:
        self.run_id, self.known = run_id, _last_epoch(run_id)

    def log(self, history: Sequence[Mapping[str, float]]) -> None:
        """Logs the epochs of a fit that are not in MLflow yet: one entry each, with its number under `epoch`."""
        new = [entry for entry in history if entry["epoch"] > self.known]
        if not new:
            return
        names = {name for entry in new for name in entry} - UNDRAWN
        log_curves(self.run_id, {
            name: {int(entry["epoch"]): entry[name] for entry in new if name in entry} for name in sorted(names)
        })  # fmt: skip
        self.known = int(new[-1]["epoch"])


def _last_epoch(run_id: str) -> int:
    """The last epoch that a run has: of an interrupted fit, which goes on."""
    with registry_errors(f"read the curves of run {run_id}"):
        return max((point.step for point in mlflow_client().get_metric_history(run_id, MARK)), default=0)
