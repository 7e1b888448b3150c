"""What a metric is to be expected to be: the mean over labels that are drawn as believed."""

import numpy as np
import pytest

from evaluation.predictions.metrics import metric_named
from monitoring.performance.unlabelled.confidence import believed_metric


@pytest.mark.parametrize(
    ("metric", "classes"), [("accuracy", 2), ("accuracy", 4), ("brier", 2), ("brier", 4), ("auc", 2)]
)
def test_believed_metric__mean_over_drawn_labels(metric, classes):
    """As the metric itself of many drawings, whatever was said and is believed."""
    random = np.random.default_rng(0)
    said, believed = (random.dirichlet(np.ones(classes), 80) for _ in range(2))
    weights = random.random((2, 80))
    drawn = [np.array([random.choice(classes, p=row) for row in believed]) for _ in range(400)]
    wanted = np.mean([metric_named(metric).batch(truth, said, weights) for truth in drawn], axis=0)
    np.testing.assert_allclose(believed_metric(metric, said, believed, weights), wanted, atol=0.01)
