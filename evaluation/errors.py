"""What can go wrong when predictions are judged.

RegraftError
└── EvaluationError (ValueError)  predictions that cannot be judged or compared, or a metric that does not exist

Every message names the value, the rule and the remedy.
"""

from settings.errors import RegraftError


class EvaluationError(RegraftError, ValueError):
    """Predictions that cannot be judged or compared, or a metric that does not exist."""
