"""Both sides of performance together, and what is said where one is missing."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from evaluation.inference.interval import Interval
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation
from monitoring.performance.measure import measure_performance
from monitoring.performance.unlabelled.validation import Trial, Validation
from monitoring.reference import Reference
from monitoring.windows import Window
from tests.monitoring.performance.models import accuracy, answers

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CONFIG = PerformanceConfig(resamples=100)
# Half of an estimated loss is true, and shifts were tried up to a distance of 3.
TRIED = Validation(
    "accuracy", tuple(Trial(kind, float(far), 0.1 * far, 0.1 * far) for kind in "ab" for far in (1, 2, 3))
)


def frame(known, *, labelled=0, session=None):
    """Rows of the log, the first of them with a label."""
    count = len(known)
    has = np.arange(count) < labelled
    return pd.DataFrame({
        "hash": [f"h{number}" for number in range(count)],
        "time": pd.Timestamp("2026-05-01", tz="UTC"),
        "error": None,
        "session": None if session is None else session,
        "probabilities": list(known.probabilities),
        "embedding": list(known.embeddings),
        "label": np.where(has, np.array(["a", "b"])[known.truth], None),
        "labelled": [pd.Timestamp("2026-05-02", tz="UTC") if one else pd.NaT for one in has],
    })  # fmt: skip


def reference(known, split="val"):
    """A drift reference that knows the truth."""
    rows = frame(known)[["hash", "probabilities", "embedding"]]
    return Reference(
        rows.assign(group=known.groups, split=split, truth=np.array(["a", "b"])[known.truth]), "t", ("a", "b")
    )


@pytest.fixture
def known():
    """Known samples."""
    return answers(np.random.default_rng(0), 600)


@pytest.fixture
def expectation(known):
    """What these promise."""
    value = accuracy(known)
    return Expectation("accuracy", Interval(value, value - 0.02, value + 0.02), 0.05)


def measured(known, expectation, rows, **options):
    """What is known of traffic of these rows."""
    return measure_performance(
        reference(known), Window(rows), [rows], expectation, CONFIG, **({"now": NOW, "validation": TRIED} | options)
    )


def test_measure_performance__much(known, expectation):
    """Traffic on which far more errs is seen to, without a label."""
    harder = answers(np.random.default_rng(1), 600, centre=1.8)
    found = measured(known, expectation, frame(harder))
    assert accuracy(known) - accuracy(harder) > 0.1
    assert found.labelled is None
    assert found.estimated.trusted
    assert found.estimated.low <= accuracy(harder) <= found.estimated.high
    assert found.harm == "much"
    assert found.estimated.note.startswith("by 600 known samples, told apart with AUC 0.")


def test_measure_performance__quiet(known, expectation):
    """As at promotion: no harm, by labels and by the estimate; what was expected is told."""
    rows = frame(answers(np.random.default_rng(2), 600), labelled=300)
    found = measured(known, expectation, rows)
    assert (found.by_labels, found.by_estimate, found.harm) == ("none", "none", "none")
    assert found.labelled.rows == 300
    ends = expectation.interval
    assert (found.metric, found.expected, found.expected_interval) == ("accuracy", ends.value, (ends.low, ends.high))
    assert (found.tolerance, found.min_groups, found.note) == (0.05, 20, "")


def test_measure_performance__no_traffic_yet(known, expectation):
    """The first check may come before the first answer."""
    found = measured(known, expectation, frame(known)[:0])
    assert (found.estimated, found.labelled, found.harm) == (None, None, "unknown")
    assert found.note.startswith("No estimate without labels: no sample was answered yet")


def test_measure_performance__outside(known, expectation):
    """Traffic farther off than any shift that was tried is not trusted."""
    rows = frame(answers(np.random.default_rng(3), 600, centre=4.0))
    found = measured(known, expectation, rows)
    assert not found.estimated.trusted
    assert found.harm == "unknown"
    assert "off, the farthest shift that it was tried on 3.0; by 600 known samples" in found.estimated.note


def test_measure_performance__no_accuracy_above_one(known, expectation):
    """The room that is added to a good estimate leads no farther than to the end of the scale."""
    found = measured(
        known,
        replace(expectation, interval=Interval(0.999, 0.9, 1.0)),
        frame(answers(np.random.default_rng(4), 600)),
    )
    assert 0.9 < found.estimated.value <= found.estimated.high == 1.0
    assert "to 1.0000 | by 600 known samples" in found.markdown()


def test_measure_performance__failed_validation(known, expectation):
    """An estimate that explained nothing is not trusted, unless its errors are within what is borne."""
    signs = {"a": 1, "b": -1}
    failed = tuple(Trial(kind, far, 0.1 * far, signs[kind] * far) for kind in "ab" for far in (1.0, 2.0, 3.0))
    rows = frame(answers(np.random.default_rng(4), 600))
    found = measured(known, expectation, rows, validation=Validation("accuracy", failed))
    assert "on 6 shifts whose truth is known it was no better than to expect no change" in found.estimated.note
    assert not found.estimated.trusted
    lax = replace(expectation, tolerance=9.0)
    assert measured(known, lax, rows, validation=Validation("accuracy", failed)).estimated.trusted


def test_measure_performance__tried_now(known, expectation):
    """Without a validation it is tried on drawn shifts."""
    rows = frame(answers(np.random.default_rng(5), 300))
    assert "and 20 shifts of such" in measured(known, expectation, rows, validation=None).estimated.note


def test_measure_performance__too_little(known, expectation):
    """Too few known samples or groups, and too few sessions, give no estimate and say so."""
    rows = frame(answers(np.random.default_rng(6), 300))
    few = measured(known.take(np.arange(59)), expectation, rows)
    assert few.note.startswith("No estimate without labels: 59 samples in 59 groups whose truth is known; 60 in 10 are")
    grouped = replace(known, groups=[str(number % 9) for number in range(600)])
    assert "600 samples in 9 groups" in measured(grouped, expectation, rows).note
    sessions = rows.assign(session=[str(number % 9) for number in range(300)])
    found = measured(known, expectation, sessions)
    assert (
        found.note == "No estimate without labels: 9 sessions, groups or single samples in the window; 10 are needed."
    )
    assert found.estimated is None
    enough = rows.assign(session=[str(number % 10) for number in range(300)])
    assert measured(known, expectation, enough).estimated is not None


def test_measure_performance__undefined(known, expectation):
    """Where the metric is undefined on every shift there is no estimate."""
    rows = frame(answers(np.random.default_rng(10), 300))
    one = replace(known, truth=np.zeros(600, np.int64))
    found = measured(one, replace(expectation, metric="auc"), rows, validation=None)
    assert found.note == "No estimate without labels: auc is undefined on every shift of the known samples."


def test_measure_performance__no_truth(known, expectation):
    """A package without truth, and one whose answers may be used only where they are cross-fitted."""
    rows, trained = frame(answers(np.random.default_rng(7), 300)), reference(known, split="train")
    asked = (Window(rows), [rows], expectation, CONFIG)
    found = measure_performance(trained, *asked, now=NOW, validation=TRIED)
    assert found.note.startswith("No estimate without labels: the package keeps no truth")
    assert measure_performance(replace(trained, held_out=True), *asked, now=NOW, validation=TRIED).estimated


@pytest.mark.parametrize(("lost", "harm"), [(0.0, "none"), (0.02, "small"), (0.2, "much")])
def test_measure_performance__two_drifts(known, lost, harm):
    """A drift that costs two points and one that costs twenty are told apart by their labels."""
    traffic = answers(np.random.default_rng(8), 6000)
    wrong = np.random.default_rng(9).random(6000) < lost / accuracy(traffic)
    hit = wrong & (traffic.probabilities.argmax(1) == traffic.truth)
    rows = frame(replace(traffic, truth=np.where(hit, 1 - traffic.truth, traffic.truth)), labelled=6000)
    promised = Expectation(
        "accuracy", Interval(accuracy(traffic), accuracy(traffic) - 0.005, accuracy(traffic) + 0.005), 0.03
    )
    config = PerformanceConfig(resamples=100, window=5000)
    found = measure_performance(
        reference(known, split="train"), Window(rows), [rows], promised, config, now=NOW, validation=TRIED
    )
    assert found.harm == harm
