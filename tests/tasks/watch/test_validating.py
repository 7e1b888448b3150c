"""What the estimate is tried on is made once a version."""

import numpy as np
import pandas as pd

from evaluation.predictions.predictions import Predictions
from monitoring.performance.unlabelled.validation import validate
from registry.cards.stressing import Shifted, Stress
from registry.store.models import model_version
from tasks.watch import validating
from tasks.watch.validating import keep_validation, validate_shifted, validation_of
from tests.monitoring.performance.models import accuracy, answers


def test_validation_of__once(registered, monkeypatch):
    """Made at the first check and read afterwards; of another metric or version it is another."""
    registered(), registered()
    known, made = answers(np.random.default_rng(0), 120), []

    def counted(*args, **kwargs):
        made.append(1)
        return validate(*args, **kwargs)

    monkeypatch.setattr(validating, "validate", counted)
    first, other = (model_version("photos", number) for number in (1, 2))
    found = validation_of(first, known, "accuracy", 0, keep=True)
    assert validation_of(first, known, "accuracy", 0, keep=True) == found
    assert (len(found.trials), len(made)) == (20, 1)
    for version, metric, seed in ((other, "accuracy", 0), (first, "brier", 0), (first, "accuracy", 1)):
        assert validation_of(version, known, metric, seed, keep=True).metric == metric
    assert len(made) == 4


def test_validation_of__replayed(registered):
    """A look at the past keeps nothing."""
    registered()
    found, known = model_version("photos", 1), answers(np.random.default_rng(0), 120)
    assert validation_of(found, known, "accuracy", 0, keep=False)
    assert validating.kept_text(found.run_id, "performance/trials-accuracy-0.json") is None


def test_validation_of__what_the_stress_test_kept(registered):
    """It is taken before any that would be made now."""
    registered()
    found, known = model_version("photos", 1), answers(np.random.default_rng(0), 120)
    kept = validate("accuracy", known.take(np.arange(100)), seed=7)
    keep_validation(found, kept, 0)
    assert validation_of(found, known, "accuracy", 0, keep=True) == kept


def test_validation_of__too_little(registered):
    """Of few known samples, or none, nothing is made."""
    registered()
    found, known = model_version("photos", 1), answers(np.random.default_rng(0), 59)
    assert validation_of(found, known, "accuracy", 0, keep=True) is None
    assert validation_of(found, None, "accuracy", 0, keep=True) is None


def shifts(known) -> Stress:
    """What a stress test leaves: noise twice and blur once, on 100 of the known samples."""
    part = known.take(np.arange(100))
    plain = Predictions(
        [str(number) for number in range(100)], part.truth, part.probabilities, np.ones(100), part.groups,
        pd.DataFrame(index=range(100)), ("a", "b"),
    )  # fmt: skip
    harder = answers(np.random.default_rng(1), 100, centre=1.5)
    said = (plain, part.embeddings, harder.probabilities.astype(np.float32), harder.embeddings.astype(np.float32))
    return Stress(None, None, {}, tuple(Shifted(kind, *said) for kind in ("noise", "noise", "blur")))


def test_validate_shifted__is_what_checks_read(registered):
    """Each corruption is a trial, by what was truly lost; a check reads them instead of drawing any."""
    registered()
    found, known = model_version("photos", 1), answers(np.random.default_rng(0), 300)
    stress = shifts(known)
    validate_shifted(found, stress, known, "accuracy", 0)
    kept = validation_of(found, known, "accuracy", 0, keep=True)
    assert [trial.kind for trial in kept.trials] == ["noise", "noise", "blur"]
    right = (stress.shifted[0].probabilities.argmax(axis=1) == stress.shifted[0].plain.truth).mean()
    assert np.isclose(kept.trials[0].lost, accuracy(known.take(np.arange(100))) - right)


def test_validate_shifted__nothing_to_try(registered):
    """No corruption, and too few known samples, leave nothing."""
    registered()
    found, known = model_version("photos", 1), answers(np.random.default_rng(0), 300)
    validate_shifted(found, Stress(None, None, {}), known, "accuracy", 0)
    validate_shifted(found, shifts(known), known.take(np.arange(59)), "accuracy", 0)
    validate_shifted(found, shifts(known), None, "accuracy", 0)
    assert validating.kept_text(found.run_id, "performance/trials-accuracy-0.json") is None
