"""The signals that every check watches; they share its false-alarm budget."""

from monitoring.signals.embedding import Embedding
from monitoring.signals.outputs import Outputs
from monitoring.signals.signal import Signal

SIGNALS: tuple[Signal, ...] = (Embedding(), Outputs())
