"""Where a package belongs: sealed into a copy, and noticed where another's lies in its place."""

import json
from dataclasses import replace

import pytest

from registry.errors import PackageError
from registry.package.origin import NAME, bound_copy, check_origin
from registry.package.package import load_package


def test_bound_copy__sealed(own_workshop, tmp_path):
    """The copy says what it belongs to and is whole; the package it was made of is as before."""
    package = load_package(own_workshop.package)
    copy = bound_copy(package, tmp_path / "copy", "photos", "r1")
    check_origin(copy, "photos", 1, "r1")
    assert not (own_workshop.package / NAME).exists()
    (copy.folder / NAME).write_text(json.dumps({"domain": "other", "run": "r1"}))
    with pytest.raises(PackageError, match=f"{NAME} is not the file that was packed"):
        load_package(copy.folder)


@pytest.fixture
def saying(workshop, project):
    """The workshop's package in a draft of a folder that says some content of where it belongs."""

    def make(content):
        if content is not None:
            (project / NAME).write_text(content)
        return replace(load_package(workshop.package), folder=project, digests=None)

    return make


@pytest.mark.parametrize(("domain", "run"), [("solar", "r1"), ("photos", "r2")])
def test_check_origin__in_anothers_place(saying, domain, run):
    """A package of another domain or run is named with its own, and what can be done."""
    package = saying(json.dumps({"domain": domain, "run": run}))
    with pytest.raises(PackageError, match=f"in the place of 'photos' v3 .run r1. lies a package of '{domain}'"):
        check_origin(package, "photos", 3, "r1")


@pytest.mark.parametrize("content", [None, "", "{}", "[]"])
def test_check_origin__without_one(saying, content):
    """A package that does not say where it belongs is refused."""
    with pytest.raises(PackageError, match="does not say what it belongs to"):
        check_origin(saying(content), "photos", 1, "r1")


def test_bound_copy__changed_after_it_was_opened(own_workshop, tmp_path):
    """What is sealed anew is what was verified: a file that was swapped since gets no seal."""
    package = load_package(own_workshop.package)
    (own_workshop.package / "labels.json").write_text("{}")
    with pytest.raises(PackageError, match=r"labels\.json was changed while it was described, it is not sealed"):
        bound_copy(package, tmp_path / "copy", "photos", "r1")
