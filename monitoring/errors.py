"""What can go wrong while production traffic is compared with the reference.

RegraftError
└── MonitoringError (ValueError)   a reference or window from which no drift can be measured

Drift, broken data and skew are no errors: they are results.
"""

from settings.errors import RegraftError


class MonitoringError(RegraftError, ValueError):
    """A reference or a window that cannot be compared: too few rows, or rows of another model."""
