"""What a check lacks to be tried is said in a line."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.nulls.blocks import Blocks
from monitoring.untried import lacking
from tests.monitoring.scenes import reference


@pytest.mark.parametrize(
    ("window", "groups", "told"),
    [
        (Blocks(np.arange(100)), None, "too few samples in its reference (150 of 200)"),
        (Blocks(np.arange(30)), 3, "too few groups in its reference (3, at least 16 alike ones are needed)"),
        (Blocks(np.arange(30) // 10, "session"), None, "too few sessions in the traffic (3 of 8)"),
    ],
)
def test_lacking(window, groups, told):
    """Samples of the reference, its groups, or sessions of the traffic."""
    rows = reference().rows[:150]
    rows = rows.assign(group=[f"g{number % groups}" if groups else f"g{number}" for number in range(150)])
    assert lacking(replace(reference(), rows=rows), window, seed=0) == told
