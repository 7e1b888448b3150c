"""A model is not asked the same twice by one process."""

import numpy as np
import pytest

from registry.package import answered
from registry.package.answered import KEPT, answers_once
from registry.package.package import Package, load_package


@pytest.fixture
def asked(monkeypatch):
    """How many samples were computed, each time."""
    counts, decisive = [], Package.decisive
    monkeypatch.setattr(answered, "_SAID", {})
    monkeypatch.setattr(Package, "decisive", lambda own, samples: counts.append(len(samples)) or decisive(own, samples))
    return counts


def replace_digest(package: Package, digest: str) -> Package:
    """The same open package under another digest of its model."""
    package.digests["model.onnx"] = digest
    return package


def test_answers_once__same_model_and_samples(workshop, asked):
    """Another object of the same package computes nothing; other samples and another model are computed."""
    samples = workshop.dataset.samples(workshop.dataset.rows("test"))
    package = load_package(workshop.package)
    first = answers_once(package, samples)
    assert np.array_equal(answers_once(load_package(workshop.package), samples.copy()), first)
    assert asked == [len(samples)]
    assert np.array_equal(answers_once(package, samples[::-1].copy()), first[::-1])
    other = load_package(workshop.package).opened()
    answers_once(replace_digest(other, "another"), samples)
    assert len(asked) == 3


def test_answers_once__keeps_few(workshop, asked):
    """The oldest are forgotten."""
    samples, package = workshop.dataset.samples(workshop.dataset.rows("test")), load_package(workshop.package)
    for count in range(1, KEPT + 2):
        answers_once(package, samples[:count])
    answers_once(package, samples[:2])
    answers_once(package, samples[:1])
    assert asked == [*range(1, KEPT + 2), 1]
