"""Who answers while a canary runs."""

import numpy as np

from serving.canary.routing import is_canarys


def test_is_canarys__sticky_share():
    """About the share of callers, always the same ones, and those of a smaller share are among those of a larger."""
    callers = [f"caller {number}" for number in range(4000)]
    small, large = ([is_canarys(one, share) for one in callers] for share in (0.05, 0.2))
    assert abs(np.mean(small) - 0.05) < 0.015
    assert abs(np.mean(large) - 0.2) < 0.025
    assert all(more for fewer, more in zip(small, large, strict=True) if fewer)
    assert small == [is_canarys(one, 0.05) for one in callers]
    assert (is_canarys("anybody", 0.0), is_canarys("anybody", 1.0)) == (False, True)
