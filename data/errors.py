"""What can go wrong with a user's input, data and disk.

RegraftError
├── SourceError (ValueError)      a source that is missing, empty or unreadable
├── SampleError (ValueError)      one file that is no usable sample
├── ValidationError (ValueError)  a whole batch that must not go on
├── StorageError (OSError)        the disk refused a write, or a stored file was altered
│   └── DamagedError (ValueError) a stored file that is not what was written: trying again helps nothing
├── VersioningError (RuntimeError)  DVC failed or holds no such version
│   └── RefusedError (ValueError) a stage that DVC ran refused its input: trying again helps nothing
└── LockedError (RuntimeError)    another process works on the same domain

Every message names the value, the rule and the remedy; the command line prints it in one line.
"""

from settings.errors import RegraftError


class SourceError(RegraftError, ValueError):
    """A source that is missing, empty or not of its declared kind."""


class SampleError(RegraftError, ValueError):
    """One file that cannot be used as a sample of its kind; its row goes to quarantine."""


class ValidationError(RegraftError, ValueError):
    """A batch that must not go on: the flow stops here."""


class StorageError(RegraftError, OSError):
    """The disk refused a write, or a stored file is not what was written."""


class DamagedError(StorageError, ValueError):
    """A stored file that is missing, cut off or altered; it stays so however often it is tried."""


class VersioningError(RegraftError, RuntimeError):
    """DVC failed, timed out or holds no such version."""


class RefusedError(VersioningError, ValueError):
    """A stage that DVC ran refused its input; it stays so however often it is tried."""


class LockedError(RegraftError, RuntimeError):
    """Another process works on this domain."""
