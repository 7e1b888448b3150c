"""Classification: one of some classes."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from data.naming import class_name, few
from data.rule import Rule, one_of, present
from data.targets.task import Task

if TYPE_CHECKING:
    import pandas as pd


class ClassificationTask(Task):
    """One question with one answer of a fixed list."""

    output: ClassVar[str] = "probabilities"

    kind: Literal["classification"] = Field("classification", description="what the head predicts")
    classes: tuple[str, ...] = Field(
        min_length=2, description="the labels; with two of them the last is the positive one"
    )

    # Left out of every dump while it is empty, so that hashes of tasks without it stay as they were.
    renamed: dict[str, str] = Field(
        {}, exclude_if=lambda names: not names, description="former name to present name of a class"
    )

    @field_validator("classes")
    @classmethod
    def _one_spelling(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(class_name, classes))

    @field_validator("renamed")
    @classmethod
    def _one_spelling_each(cls, renamed: dict[str, str]) -> dict[str, str]:
        return {class_name(old): class_name(new) for old, new in renamed.items()}

    @model_validator(mode="after")
    def _distinct(self) -> "ClassificationTask":
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes must differ from each other; remove the repeated one")
        for old, new in self.renamed.items():
            if old in self.classes or new not in self.classes:
                found = f"renamed says {old!r} is now {new!r}"
                raise ValueError(f"{found}; the new name must be one of the classes and the old one must not")
        return self

    def read(self, answers: "pd.Series[Any]") -> "pd.Series[Any]":
        """Labels in the one spelling that classes have, former names as the present ones."""
        return answers.map(self.today, na_action="ignore")

    def today(self, column: str) -> str:
        """The present name of a class, in its one spelling."""
        name = class_name(column)
        return self.renamed.get(name, name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def rules(self, column: str) -> list[Rule]:
        """A label, and one of the classes."""
        where = f"tasks.{column.partition('.')[2]}"
        known = few(self.classes).replace("{", "{{").replace("}", "}}")
        unknown = (
            "labelled {value!r}, which the domain does not know: add it to "
            f"{where}.classes, or say in {where}.renamed which of {known} it is"
        )
        return [present(column, "the label is missing"), one_of(column, list(self.classes), unknown)]

    def known(self, answers: "pd.Series[Any]") -> "pd.Series[bool]":
        """Labels that are classes; an unknown label is no rival of a known one: it condemns its own row only."""
        return answers.isin(self.classes)

    def encode(self, answers: "pd.Series[Any]") -> npt.NDArray[np.int64]:
        """Class indices: int64 [N].

        Raises:
            ValueError: a label is none of the classes.
        """
        return self.read(answers).map(self.classes.index).to_numpy(np.int64)

    def strata(self, answers: "pd.Series[Any]") -> "pd.Series[str]":
        """The labels."""
        return answers.astype(str)

    def counts(self, answers: "pd.Series[Any]") -> "pd.Series[int]":
        """Samples of each class, in the order of the classes."""
        return answers.value_counts().reindex(self.classes, fill_value=0)
