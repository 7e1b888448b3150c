"""A task: one question about a sample, as a domain states it."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

import numpy.typing as npt
from pydantic import BeforeValidator, SerializeAsAny

from data.rule import Rule
from settings.config import Kind

if TYPE_CHECKING:
    import pandas as pd


class Task(Kind):
    """One question asked about a sample; a new kind of question is a subclass in a file of its own."""

    kinds: ClassVar[dict[str, Any]] = {}
    default_kind: ClassVar[str] = "classification"
    output: ClassVar[str]  # what a package calls the answer

    kind: str

    def read(self, answers: "pd.Series[Any]") -> "pd.Series[Any]":
        """Answers of the source in the task's words of today."""
        return answers

    def today(self, column: str) -> str:
        """What a column of an earlier version's output is called today."""
        return column

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the output's columns, in their order."""

    @abstractmethod
    def rules(self, column: str) -> list[Rule]:
        """What the answers in a column of the manifest must keep."""

    @abstractmethod
    def known(self, answers: "pd.Series[Any]") -> "pd.Series[bool]":
        """Which answers are answers to this task at all; two different ones of one content contradict each other."""

    @abstractmethod
    def encode(self, answers: "pd.Series[Any]") -> npt.NDArray[Any]:
        """Answers as what an objective learns from: [N, ...]."""

    @abstractmethod
    def strata(self, answers: "pd.Series[Any]") -> "pd.Series[str]":
        """What splits are balanced by."""

    @abstractmethod
    def counts(self, answers: "pd.Series[Any]") -> "pd.Series[int]":
        """How often each answer that must occur does; empty where none must."""


def output_names(tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """Names of a package's answers: plain for one task, below the task's name where there are several."""
    return tuple(f"{name}/{task.output}" if len(tasks) > 1 else task.output for name, task in tasks.items())


AnyTask: TypeAlias = Annotated[SerializeAsAny[Task], BeforeValidator(Task.chosen)]
