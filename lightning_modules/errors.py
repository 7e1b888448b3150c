"""What can go wrong between a backbone's weights and a trained network.

RegraftError
├── BackboneError (ValueError)      unknown backbone, missing or altered weights
└── TrainingError (RuntimeError)    the fit process failed
"""

from data.errors import RegraftError


class BackboneError(RegraftError, ValueError):
    """A backbone that is not in the hub, or whose weights are missing, altered or of another network."""


class TrainingError(RegraftError, RuntimeError):
    """The fit process ended without a result."""
