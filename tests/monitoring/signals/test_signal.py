"""Signals are values: a check can neither change one nor mistake one for another."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from monitoring.signals.signal import Measurement, Signal
from monitoring.signals.watched import SIGNALS


def test_measurement__is_frozen() -> None:
    """What was measured stays as it was measured."""
    measured = Measurement(1.0, np.zeros(3))
    with pytest.raises(FrozenInstanceError):
        measured.observed = 2.0


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_signal__is_a_value(signal: Signal) -> None:
    """Equal by what it is, and usable as a key."""
    assert {signal, type(signal)()} == {signal}
