"""A rule of validation: what specs and targets demand of a sample, and how it reads when it is broken."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """One expectation with the words for a row that breaks it; `{value}` is the row's own value.

    `expectation` is Great Expectations' name of it, and `arguments` are its own; a rule about facts of a file looks
    only at files that could be decoded.
    """

    expectation: str
    arguments: dict[str, Any]
    reason: str


def between(column: str, reason: str, *, least: float | None = None, most: float | None = None) -> Rule:
    """A number within bounds."""
    bounds = {"min_value": least, "max_value": most}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return Rule("expect_column_values_to_be_between", {"column": column, **given}, reason)


def one_of(column: str, values: list[str], reason: str) -> Rule:
    """One of some values, or nothing."""
    return Rule("expect_column_values_to_be_in_set", {"column": column, "value_set": values}, reason)


def absent(column: str, reason: str) -> Rule:
    """No value."""
    return Rule("expect_column_values_to_be_null", {"column": column}, reason)


def present(column: str, reason: str) -> Rule:
    """Any value."""
    return Rule("expect_column_values_to_not_be_null", {"column": column}, reason)
