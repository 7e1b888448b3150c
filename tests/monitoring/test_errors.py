"""What cannot be compared is a fault of the input: said in one line, never tried again."""

from monitoring.errors import MonitoringError
from settings.errors import RegraftError
from tasks.policy import worth_retrying


class Failed:
    """A task's state that ended in an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def result(self, *, raise_on_failure: bool) -> Exception:
        """The error, as Prefect hands it to a retry condition."""
        return self.error


def test_monitoring_error__is_an_error_of_regraft() -> None:
    """The command line prints these in one line."""
    assert issubclass(MonitoringError, RegraftError)


def test_monitoring_error__is_not_worth_retrying() -> None:
    """A reference that is too small stays so; a disk may recover."""
    assert not worth_retrying(None, None, Failed(MonitoringError("too few rows")))
    assert worth_retrying(None, None, Failed(OSError("disk")))
