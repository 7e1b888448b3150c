"""What can go wrong while files are scored, models served and predictions logged.

RegraftError
├── ServingError (ValueError)          nothing to score, or facts that do not fit the files
│   ├── QueueFullError                 more samples wait than may; the same request may be sent again later
│   └── ModelFaultError                the model fails on a sample that is sound
└── StorageError (OSError)
    └── PredictionLogError             a file of the prediction log is not what was written
"""

from data.errors import StorageError
from settings.errors import RegraftError


class ServingError(RegraftError, ValueError):
    """A request to score that makes no sense as a whole; one bad file is a reported result instead."""


class QueueFullError(ServingError):
    """More samples wait than may; nothing of the request was taken in."""


class ModelFaultError(ServingError):
    """The model fails on a sample, or says no number of it."""


class PredictionLogError(StorageError):
    """A file of the append-only prediction log was altered, cut or is none of ours."""
