"""What can go wrong between a backbone's weights and a trained network.

RegraftError
├── BackboneError (ValueError)      unknown backbone, missing or altered weights
├── RecipeError (ValueError)        a recipe that does not fit the backbone or the data
└── TrainingError (RuntimeError)    the fit process failed
"""

from settings.errors import RegraftError


class BackboneError(RegraftError, ValueError):
    """A backbone that is not in the hub, or whose weights are missing, altered or of another network."""


class RecipeError(RegraftError, ValueError):
    """A recipe that the backbone or the data cannot follow."""


class TrainingError(RegraftError, RuntimeError):
    """The fit process ended without a result."""
