"""Classification: labels become classes, former names included."""

import unicodedata

import pandas as pd
import pytest
from pydantic import ValidationError

from data.targets.classification import ClassificationTask


def test_read__former_names():
    """A label under its former name is the class of today; a package's class as well."""
    task = ClassificationTask(classes=("cat", "dog"), renamed={"kitten": "cat"})
    assert task.read(pd.Series(["kitten", "dog", None])).tolist() == ["cat", "dog", None]
    assert (task.today("kitten"), task.today("dog")) == ("cat", "dog")


def test_read__one_spelling():
    """Classes and labels meet in Unicode's composed form, whichever way either was written."""
    apart = unicodedata.normalize("NFD", "café")
    for classes, labels in ((("café", "bar"), [apart, "bar "]), ((apart, "bar"), ["café", "bar"])):
        task = ClassificationTask(classes=classes)
        assert task.read(pd.Series(labels)).tolist() == ["café", "bar"]
        assert task.encode(pd.Series(labels)).tolist() == [0, 1]
        assert (task.today(apart), task.today("café")) == ("café", "café")
    assert ClassificationTask(classes=("bar", "café"), renamed={"kaffee": apart}).today("kaffee") == "café"


@pytest.mark.parametrize("renamed", [{"cat": "dog"}, {"kitten": "lion"}])
def test_renamed__names_that_cannot_be(renamed):
    """A former name must be gone and a new one there, or two classes would change places silently."""
    with pytest.raises(ValidationError, match="the new name must be one of the classes and the old one must not"):
        ClassificationTask(classes=("cat", "dog"), renamed=renamed)


def test_renamed__empty_leaves_no_trace():
    """A task without former names is written as ever, so that nothing that was hashed changes."""
    task = ClassificationTask(classes=("a", "b"))
    assert task.model_dump() == {"kind": "classification", "classes": ("a", "b")}
