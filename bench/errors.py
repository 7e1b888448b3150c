"""What can go wrong while measuring.

RegraftError
└── BenchError (RuntimeError)  a cell's process failed, or a result is not what a cell wrote
"""

from settings.errors import RegraftError


class BenchError(RegraftError, RuntimeError):
    """A cell that could not be measured, or a result file that cannot be read."""
