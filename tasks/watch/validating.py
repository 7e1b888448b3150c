"""What the estimate without labels was tried on: once a version, then kept beside its run."""

import json
from dataclasses import asdict

import numpy as np

from monitoring.performance.measure import is_enough
from monitoring.performance.unlabelled.known import Known
from monitoring.performance.unlabelled.validation import Trial, Validation, validate
from registry.cards.stressing import Shifted, Stress
from registry.store.models import ModelVersion
from registry.store.tracking import kept_text, log_json


def validation_of(found: ModelVersion, known: Known | None, metric: str, seed: int, *, keep: bool) -> Validation | None:
    """The trials that were kept when the version was put under stress or first checked; else they are made now.

    None where too little is known to try anything.

    Raises:
        RegistryError: MLflow is down.
    """
    if known is None or not is_enough(known):
        return None
    kept = kept_text(found.run_id, _name(metric, seed))
    if kept is not None:
        return Validation(metric, tuple(Trial(**trial) for trial in json.loads(kept)))
    made = validate(metric, known, seed=seed)
    if keep:
        keep_validation(found, made, seed)
    return made


def validate_shifted(found: ModelVersion, stress: Stress, known: Known | None, metric: str, seed: int) -> None:
    """Tries the estimate of a metric on the images that a stress test corrupted, and keeps that for later checks.

    Where nothing was corrupted, or too little is known, nothing is kept.
    """
    if known is not None and is_enough(known) and stress.shifted:
        keep_validation(found, validate(metric, known, map(_shift, stress.shifted), seed=seed), seed)


def _shift(one: Shifted) -> tuple[str, Known, Known]:
    """The kind, the samples as they are, and the same under it."""
    plain = one.plain
    as_it_is = Known(plain.probabilities, one.plain_embeddings.astype(np.float64), plain.truth, plain.groups)
    said, embeddings = one.probabilities.astype(np.float64), one.embeddings.astype(np.float64)
    return one.kind, as_it_is, Known(said, embeddings, plain.truth, plain.groups)


def keep_validation(found: ModelVersion, made: Validation, seed: int) -> None:
    """Keeps the trials of a metric beside the version's run."""
    log_json(found.run_id, _name(made.metric, seed), json.dumps([asdict(trial) for trial in made.trials]))


def _name(metric: str, seed: int) -> str:
    return f"performance/trials-{metric}-{seed}.json"
