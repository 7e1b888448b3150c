"""Samples in groups: their numbers, and weights by which something can be averaged."""

import numpy as np
import pytest

from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Grouped, check_weights


def test_group_index__without_gaps():
    """Samples of one name have one number, whatever their order."""
    samples = Grouped()
    samples.groups = ["m2", "m1", "m2", "m9"]
    assert samples.group_index.tolist() == [1, 0, 1, 2]
    assert samples.group_count == 3


@pytest.mark.parametrize("wrong", [[0.0, 0.0], [1.0, -1.0], [np.nan, 1.0], [np.inf, 1.0], [[1.0]]])
def test_check_weights__no_average(wrong):
    """Weights that are negative, not finite, all zero or no vector are refused; a zero among others is none."""
    with pytest.raises(EvaluationError, match="finite, not negative and not all zero"):
        check_weights(np.array(wrong))
    check_weights(np.array([0.0, 1.0]))
