"""What the tests of the watch share: checks that found something."""

from collections.abc import Callable
from typing import Any

import pytest

from monitoring.controller.state import Evidence
from tasks.monitor import Seen

DRIFT = Evidence("ok", "60 usable samples", drift="drift: mmd 0.5 above 0.1")

SIGNALS = ({"name": "mmd", "value": 0.5, "threshold": 0.1, "p_value": 0.002, "alarm": True},)


@pytest.fixture(scope="session")
def seen() -> Callable[..., Seen]:
    """Makes what a check of v1 found: drift, unless something else is given."""

    def make(evidence: Evidence = DRIFT, *, version: int = 1, window: str = "w1", **given: Any) -> Seen:
        return Seen("photos", version, evidence, 60, window, {"mmd": 0.5}, "page.html", "| table |", SIGNALS, **given)

    return make
