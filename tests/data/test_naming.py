"""The one spelling that a class or split is known by."""

import unicodedata

import pytest

from data.errors import SourceError
from data.naming import ClassNames, check_domain_name, class_name, few, split_name
from settings.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../x", "a letter first"), ("a b", "small letters"), ("", "1 to 41"), ("x" * 60, "1 to 41"),
        ("Fruit", "small"), ("con", "device on Windows"), ("lpt1", "device on Windows"),
        ("verify", "command line"), ("a\n", "small"),
    ],
)  # fmt: skip
def test_check_domain_name__refused(name, rule):
    """What is no name everywhere is refused in one line with the rule."""
    with pytest.raises(ConfigError, match=rule) as found:
        check_domain_name(name)
    assert "\n" not in str(found.value)


def test_check_domain_name__taken():
    """Usual names pass."""
    for name in ("solar", "x", "console", "night-shift_2", "y" * 41):
        check_domain_name(name)


@pytest.mark.parametrize(
    ("text", "split"), [("Train", "train"), (" valid", "val"), ("TESTING", "test"), ("trains", None)]
)
def test_split_name__words_for_splits(text, split):
    """Usual words mean a split, others none."""
    assert split_name(text) == split


def test_class_name__composed_and_bare():
    """Both forms of an accent are one class, and spaces around it are none of it."""
    assert class_name(unicodedata.normalize("NFD", " café ")) == "café"


@pytest.mark.parametrize("other", ["cat", "C at", "CAT"])
def test_class_names__lookalikes(other):
    """Two spellings are named with the remedy; the same one twice is fine."""
    names = ClassNames()
    assert names("Cat") == names("Cat ") == "Cat"
    with pytest.raises(SourceError, match=r"'Cat'.* differ only in case or space; rename one"):
        names(other)


@pytest.mark.parametrize(("count", "told"), [(0, ""), (2, "0, 1"), (10, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9")])
def test_few__all_of_a_few(count: int, told: str) -> None:
    """What fits into a line stands in it."""
    assert few(map(str, range(count))) == told


def test_few__of_many() -> None:
    """Three hundred classes are ten, and a number."""
    assert few(map(str, range(300))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 290 more"
