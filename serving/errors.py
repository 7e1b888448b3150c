"""What can go wrong while files are scored, models served and predictions logged.

RegraftError
├── ServingError (ValueError)          nothing to score, or facts that do not fit the files
│   ├── NotServedError                 a domain that this service does not know
│   ├── NoModelError                   a domain that has no verified model yet
│   ├── QueueFullError                 more samples wait than may; the same request may be sent again later
│   ├── TooSlowError                   no answer within the time that a request may take
│   ├── NotExplainedError              the process that explains an answer failed
│   ├── ModelFaultError                the model fails on a sample that is sound
│   └── KeysError                      a key that is there or is not, or a file of keys that is damaged
└── StorageError (OSError)
    └── PredictionLogError             a file of the prediction log is not what was written
"""

from data.errors import StorageError
from settings.errors import RegraftError


class ServingError(RegraftError, ValueError):
    """A request to score that makes no sense as a whole; one bad file is a reported result instead."""


class NotServedError(ServingError):
    """A request to a domain that this service was not told to serve."""


class NoModelError(ServingError):
    """A request to a domain whose champion is not there yet, or not verified."""


class QueueFullError(ServingError):
    """More samples wait than may; nothing of the request was taken in."""


class TooSlowError(ServingError):
    """A request took longer than it may; what was taken in of it is dropped."""


class NotExplainedError(ServingError):
    """An answer could not be explained; the log says why."""


class ModelFaultError(ServingError):
    """The model fails on a sample, or says no number of it."""


class PredictionLogError(StorageError):
    """A file of the append-only prediction log was altered, cut or is none of ours."""


class KeysError(ServingError):
    """A name of a key that is in use or is none, or a file of keys that cannot be read."""
