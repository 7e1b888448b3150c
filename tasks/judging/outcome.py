"""A task whose end is called by its outcome, so that the Prefect UI shows no HOLD as a promotion that is done."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from prefect import State, task
from prefect.states import Completed


class Outcome(Protocol):
    """What such a task returns."""

    @property
    def outcome(self) -> str:
        """One word in capitals."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, most important first."""


Given = ParamSpec("Given")
Found = TypeVar("Found", bound=Outcome)


class OutcomeTask(Generic[Given, Found]):
    """Runs a function as a task that ends in a completed state of its outcome's name; `fn` is the function itself."""

    def __init__(self, function: Callable[Given, Found], **options: Any) -> None:
        self.fn = function
        self._task = task(**options)(_named(function))

    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """Runs it within a flow and gives back what the function returned."""
        state: State[Found] = self._task(*args, **kwargs)
        return state.result()


def outcome_task(**options: Any) -> Callable[[Callable[Given, Found]], OutcomeTask[Given, Found]]:
    """Makes an OutcomeTask of a function; the options are those of Prefect's `task`."""

    def decorate(function: Callable[Given, Found]) -> OutcomeTask[Given, Found]:
        return OutcomeTask(function, **options)

    return decorate


def _named(function: Callable[Given, Found]) -> Callable[Given, State[Found]]:
    @wraps(function)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> State[Found]:
        found = function(*args, **kwargs)
        return Completed(name=found.outcome, message="; ".join(found.reasons), data=found)

    return run
