"""How well the champion does on its present traffic, beside what its test set promised."""

from datetime import datetime

from evaluation.predictions.storage import newest_predictions, read_predictions
from monitoring.performance.expectation import expected_of
from monitoring.performance.measure import measure_performance
from monitoring.performance.performance import Performance
from monitoring.reference import Reference
from monitoring.windows import Window
from registry.store.models import ModelVersion
from serving.feedback.labelled import labelled
from settings.machine import load_settings
from tasks.domain import Domain

COLUMNS = ("id", "time", "version", "hash", "probabilities", "predicted", "error", "group", "session", "slot")


def performance_of(
    config: Domain, found: ModelVersion, reference: Reference, window: Window, *, since: datetime | None, now: datetime
) -> Performance | None:
    """Measures the champion by the labels of its traffic since it came, and by its own confidence.

    None where its answers to the test set are not on this machine, so that nothing is known to compare with.

    Raises:
        StorageError: the prediction log cannot be read.
    """
    path = newest_predictions(load_settings().home, config.name, found.version)
    if path is None:
        return None
    told = config.monitoring.performance
    expectation = expected_of(read_predictions(path), config.gate, told)
    rows = labelled(config.name, version=found.version, since=since, columns=COLUMNS)
    return measure_performance(reference, window, rows, expectation, told, now=now)
