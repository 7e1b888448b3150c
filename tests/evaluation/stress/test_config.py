"""A domain's stress section takes what makes sense and nothing else."""

import pytest
from pydantic import ValidationError

from evaluation.stress.config import CORRUPTIONS, StressConfig


def test_stress_config__default():
    """Every corruption is tried unless the domain says otherwise."""
    assert tuple(StressConfig().corruptions) == CORRUPTIONS


@pytest.mark.parametrize(
    "wrong",
    [{"corruptions": ["fog"]}, {"severities": [6]}, {"severities": []}, {"budgets": [0.0]}, {"budgets": [1.0, 1.0]}],
)
def test_stress_config__refuses(wrong):
    """A corruption that does not exist, a step off the ladder, a budget of nothing or one named twice is an error."""
    with pytest.raises(ValidationError):
        StressConfig(**wrong)
