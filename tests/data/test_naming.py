"""The one spelling that a class or split is known by."""

import unicodedata

import pytest

from data.errors import SourceError
from data.naming import ClassNames, class_name, split_name


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
