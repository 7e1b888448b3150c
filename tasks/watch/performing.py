"""How well the champion does on its present traffic, beside what its test set promised."""

from evaluation.predictions.storage import newest_predictions, read_predictions
from monitoring.performance.expectation import expected_of
from monitoring.performance.measure import measure_performance
from monitoring.performance.performance import Performance
from monitoring.performance.unlabelled.known import known_of
from monitoring.reference import Reference
from monitoring.windows import Window
from serving.feedback.labelled import labelled_parts
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.watch.moment import Champion, Moment
from tasks.watch.validating import validation_of

COLUMNS = ("id", "time", "version", "hash", "probabilities", "predicted", "error", "group", "session", "slot")


def performance_of(
    config: Domain, champion: Champion, reference: Reference, window: Window, moment: Moment
) -> Performance | None:
    """Measures the champion by the labels of its traffic since it came, and by its own confidence.

    None where its answers to the test set are not on this machine, so that nothing is known to compare with.

    Raises:
        StorageError: the prediction log cannot be read.
    """
    found = champion.found
    path = newest_predictions(load_settings().home, config.name, found.version)
    if path is None:
        return None
    told = config.monitoring.performance
    expectation = expected_of(read_predictions(path), config.gate, told)
    rows = labelled_parts(config.name, version=found.version, since=champion.since, columns=COLUMNS, at=moment.at)
    validation = validation_of(found, known_of(reference), expectation.metric, told.seed, keep=moment.at is None)
    return measure_performance(reference, window, rows, expectation, told, now=moment.now, validation=validation)
