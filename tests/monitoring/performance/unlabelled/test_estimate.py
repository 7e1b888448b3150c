"""The estimate: right where confidence is, and mended by what it was worth on known samples like the traffic."""

import numpy as np
import pytest

from evaluation.inference.bootstrap import Resampling
from evaluation.inference.calibration import fit_temperature
from monitoring.performance.unlabelled.estimate import Traffic, estimator_of
from monitoring.performance.unlabelled.known import Known
from tests.monitoring.performance.models import accuracy, answers


def traffic_of(known):
    """The same without the truth."""
    return Traffic(known.probabilities, known.embeddings, known.weights, known.groups)


def test_estimator_of__confidence_that_is_right():
    """Where the model knows how sure it is, a harder traffic is estimated as it is."""
    random = np.random.default_rng(0)
    known, harder = answers(random, 3000), answers(random, 3000, centre=1.5)
    found = estimator_of("accuracy", known, traffic_of(harder), seed=0)
    assert accuracy(known) - accuracy(harder) > 0.1
    assert abs(found.value - accuracy(harder)) < 0.05


def test_estimator_of__confidence_that_is_wrong():
    """A model that is as sure everywhere is mended by the weights of samples like the traffic."""
    random = np.random.default_rng(1)
    known, harder = answers(random, 3000), answers(random, 3000, centre=1.0)
    blind = [
        Known(np.where(part.probabilities > 0.5, 0.9, 0.1), part.embeddings, part.truth, part.groups)
        for part in (known, harder)
    ]
    found = estimator_of("accuracy", blind[0], traffic_of(blind[1]), seed=0)
    assert accuracy(known) - accuracy(harder) > 0.05
    assert abs(found.value - accuracy(harder)) < 0.025
    assert found.temperature > 1.2 * fit_temperature(blind[0].probabilities, known.truth, known.weights)
    ends = found.interval(Resampling(0, 300))
    assert ends.low < found.value < ends.high


def test_estimator_of__refits_the_temperature():
    """A model that doubts too much is made as sure as it is right, on the weighted samples."""
    random = np.random.default_rng(2)
    found = estimator_of("accuracy", answers(random, 1000), traffic_of(answers(random, 1000)), seed=0)
    sharp = np.where(found.known.probabilities > 0.5, 0.99, 0.01)
    sure = Known(sharp, found.known.embeddings, found.known.truth, found.known.groups)
    assert abs(found.temperature - 1) < 0.2
    assert estimator_of("accuracy", sure, traffic_of(sure), seed=0).temperature > 1.3


@pytest.mark.parametrize("metric", ["accuracy", "brier", "auc"])
def test_estimator_of__itself(metric):
    """Of the known samples themselves the estimate is the truth, but for their weights."""
    from evaluation.predictions.metrics import metric_named

    known = answers(np.random.default_rng(3), 2000)
    found = estimator_of(metric, known, traffic_of(known), seed=0)
    truth = metric_named(metric).function(known.truth, known.probabilities, known.weights)
    assert abs(found.value - truth) < 0.01


def test_estimator_of__within_its_scale():
    """An accuracy is no more than 1."""
    random = np.random.default_rng(4)
    known = answers(random, 300)
    perfect = np.eye(2)[known.truth] * 0.2 + 0.4
    sure = traffic_of(Known(np.where(perfect > 0.5, 1.0, 0.0), known.embeddings, known.truth, known.groups))
    doubtful = Known(perfect, known.embeddings, known.truth, known.groups)
    assert estimator_of("accuracy", doubtful, sure, seed=0).value == 1


@pytest.mark.parametrize("side", ["known", "traffic"])
def test_interval__by_blocks(side):
    """Samples that stand or fall together, on either side, say less than as many single ones."""
    random = np.random.default_rng(5)
    known, traffic = answers(random, 400), answers(random, 400)
    order = np.argsort(traffic.probabilities.max(1))
    sorted_traffic = traffic.take(order)
    right = known.take(np.argsort(known.probabilities.argmax(1) == known.truth, kind="stable"))
    blocks = [str(number // 20) for number in range(400)]

    def width(grouped):
        """Width of the interval."""
        one = Known(right.probabilities, right.embeddings, right.truth, blocks if grouped == "known" else right.groups)
        two = traffic_of(sorted_traffic)
        other = Traffic(two.probabilities, two.embeddings, two.weights, blocks if grouped == "traffic" else two.groups)
        found = estimator_of("accuracy", one, other, seed=0).interval(Resampling(0, 300))
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(side) > 1.3 * width("neither")
