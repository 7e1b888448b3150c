"""The curves of a fit: every epoch once, also where a fit goes on."""

import resource

import pytest

from registry.errors import RegistryError
from registry.store.client import mlflow_client
from registry.store.curves import EpochCurves
from registry.store.tracking import start_run

EPOCHS = [{"epoch": number, "phase": 0, "val_loss": 1 / number, "seconds": 0.1} for number in (1, 2, 3)]


def drawn(run: str, name: str = "val_loss") -> list[tuple[int, float]]:
    """The points of a curve, by epoch."""
    return sorted((point.step, point.value) for point in mlflow_client().get_metric_history(run, name))


@pytest.mark.usefixtures("tracked")
def test_epoch_curves__each_epoch_once():
    """What is new is logged under its number, by another process, too; times of the fit are no curve."""
    run = start_run("photos", "a", {})
    curves = EpochCurves(run)
    curves.log([])
    curves.log(EPOCHS[:1]), curves.log(EPOCHS[:2]), curves.log(EPOCHS[:2])
    assert drawn(run) == [(1, 1.0), (2, 0.5)]
    EpochCurves(run).log([*EPOCHS[:2], EPOCHS[2] | {"train_loss": 0.25}])
    assert drawn(run) == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert drawn(run, "train_loss") == [(3, 0.25)]
    assert set(mlflow_client().get_run(run).data.metrics) == {"train_loss", "val_loss"}


def test_epoch_curves__disk_is_full(tracked):
    """Metrics that MLflow's database refuses are one line with the database's reason."""
    curves = EpochCurves(start_run("photos", "a", {}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tracked / ".regraft" / "mlflow.db").stat().st_size, hard))
    try:
        with pytest.raises(RegistryError, match="^cannot log curves: disk I/O error; .* goes on$"):
            curves.log([{"epoch": 3, **{f"{number} {'a' * 200}": 0.5 for number in range(500)}}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
