"""What shifts whose truth is known teach of the estimate."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.performance.unlabelled.estimate import estimator_of
from monitoring.performance.unlabelled.known import Known
from monitoring.performance.unlabelled.validation import Trial, Validation, estimated_loss, validate
from tests.monitoring.performance.models import accuracy, answers


def tried(kinds="abcd", slope=0.5, error=lambda kind, step: 0.0):
    """Shifts at distances 1 to 4; part of the estimated loss is true, and two points for a squared distance."""
    return Validation(
        "accuracy",
        tuple(
            Trial(kind, float(step), 0.02 * step, slope * 0.02 * step + 0.02 * step**2 + error(kind, step))
            for kind in kinds
            for step in range(1, 5)
        ),
    )


def test_loss__as_learned():
    """The true loss is read off the estimated one and the squared distance; the interval's half counts as its part."""
    found = tried().loss(0.1, 3.0, half=0.04)
    assert np.isclose(found.value, 0.5 * 0.1 + 0.02 * 9)
    assert np.isclose(found.high - found.value, 0.5 * 0.04)
    assert np.isclose(found.value - found.low, 0.5 * 0.04)


def test_loss__never_the_other_way():
    """Where confidence rises as accuracy falls, as under noise, it teaches nothing rather than its opposite."""
    found = tried(slope=-2.0)
    assert found.loss(0.5, 0.0, half=0.0).value == 0


def test_loss__room():
    """Room and half of the interval together are the root of their squares."""
    found = tried(error=lambda kind, step: 0.03 if kind == "a" else 0.0)
    room = found.room(2.0)
    assert room > 0.01
    loss = found.loss(0.0, 2.0, half=0.1)
    assert np.isclose(loss.high - loss.value, np.hypot(room, 0.1 * found._lesson[0]))


def test_errors__by_other_kinds():
    """A kind that is unlike the others is an error of its own size, which its own trials do not hide."""
    found = tried(error=lambda kind, step: 0.2 if kind == "a" else 0.0)
    np.testing.assert_allclose(found.errors[:4], 0.2, atol=1e-9)


def test_errors__of_one_kind():
    """Nothing corrects the estimate of the only kind that there is."""
    np.testing.assert_allclose(
        tried(kinds="a").errors, [0.01 * step + 0.02 * step**2 - 0.02 * step for step in range(1, 5)]
    )


def test_room__of_the_nearest():
    """Errors of shifts far off do not widen what is said of near ones."""
    found = tried(kinds="abcdefgh", error=lambda kind, step: (0.3 if kind < "e" else -0.3) * (step == 4))
    assert found.room(4.0) > 0.2
    assert found.room(1.0) < 0.1


def test_room__nearly_all():
    """Of twelve errors the largest: nine in ten would not be enough for an interval of 95%."""
    found = Validation("accuracy", tuple(Trial(str(number), 0.0, 0.0, number / 100) for number in range(12)))
    assert np.isclose(found.room(0.0), 0.11)


def test_reach__farthest():
    """The farthest shift."""
    assert tried().reach == 4


@pytest.mark.parametrize(("error", "low", "high"), [(0.0, 0.99, 1.0), (0.5, -9.0, 0.2)])
def test_skill__explained(error, low, high):
    """All where the errors are 0; little where kinds have nothing in common."""
    signs = dict(zip("abcd", (1, -1, 1, -1), strict=True))
    assert low <= tried(error=lambda kind, step: error * signs[kind]).skill <= high


def test_validate__real_shifts():
    """Distance, estimated and true loss of the shifts that are given; a fault of the truth is left out."""
    random = np.random.default_rng(0)
    known, plain, harder = answers(random, 800), answers(random, 800), answers(random, 800, centre=1.5)
    nothing = Known(harder.probabilities, harder.embeddings, np.zeros(800, np.int64), harder.groups)
    found = validate("auc", known, [("harder", plain, harder), ("undefined", plain, nothing)], seed=0)
    assert [trial.kind for trial in found.trials] == ["harder"]
    found = validate("accuracy", known, [("harder", plain, harder)], seed=0).trials[0]
    assert np.isclose(found.lost, accuracy(plain) - accuracy(harder))
    assert abs(found.estimated - found.lost) < 0.08
    assert abs(found.distance - 1.5) < 0.2


def test_validate__an_error_that_rises():
    """Of a Brier score more is a loss."""
    random = np.random.default_rng(1)
    known, plain, harder = answers(random, 800), answers(random, 800), answers(random, 800, centre=1.5)
    found = validate("brier", known, [("harder", plain, harder)], seed=0).trials[0]
    assert found.lost > 0.03
    assert found.estimated > 0.03


def test_validate__drawn_shifts():
    """Without any, four kinds are drawn."""
    found = validate("accuracy", answers(np.random.default_rng(2), 300), seed=0)
    assert len({trial.kind for trial in found.trials}) == 4
    assert len(found.trials) == 20


def test_validate__of_few_groups():
    """A shift of nine groups teaches nothing of others: shifts are drawn instead; one of ten does."""
    random = np.random.default_rng(4)
    known, plain, harder = (answers(random, 300) for _ in range(3))
    kinds = []
    for count in (9, 10):
        few = replace(harder, groups=[str(number % count) for number in range(300)])
        kinds.append({trial.kind for trial in validate("accuracy", known, [("harder", plain, few)], seed=0).trials})
    assert len(kinds[0]) == 4
    assert kinds[1] == {"harder"}


def test_estimated_loss__from_the_known_samples():
    """How much lower than the truth of the known samples the estimate is."""
    random = np.random.default_rng(3)
    known, harder = answers(random, 500), answers(random, 500, centre=1.5)
    found = estimator_of("accuracy", known, harder, seed=0)
    assert np.isclose(estimated_loss(found), accuracy(known) - found.value)
