"""What can go wrong while files are scored and predictions are logged.

RegraftError
├── ServingError (ValueError)          nothing to score, or facts that do not fit the files
└── StorageError (OSError)
    └── PredictionLogError             a file of the prediction log is not what was written
"""

from data.errors import StorageError
from settings.errors import RegraftError


class ServingError(RegraftError, ValueError):
    """A request to score that makes no sense as a whole; one bad file is a reported result instead."""


class PredictionLogError(StorageError):
    """A file of the append-only prediction log was altered, cut or is none of ours."""
