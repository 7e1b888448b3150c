"""The loader that travels with a model: it checks what it loads and takes any number of images."""

import os

import numpy as np
import pytest

from registry.package.package import load_package
from registry.shipped.pyfunc import BATCH, _load_pyfunc


@pytest.mark.parametrize("count", [0, 1, BATCH + 3])
def test_predict__batches(workshop, project, count):
    """However many images there are, the answer is the package's; whole numbers of another type are taken, too."""
    images = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 1), dtype=np.uint8)
    found = _load_pyfunc(str(workshop.package)).predict(images.astype(np.int64))
    answers, embeddings = load_package(workshop.package).predict(images)
    assert np.allclose(found["probabilities"], answers["label"], atol=1e-6)
    assert np.allclose(found["embedding"], embeddings, atol=1e-5)


def test_load_pyfunc__unsigned(workshop, monkeypatch):
    """Where the machine demands a key, an unsigned package is not loaded."""
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", "key.pem")
    with pytest.raises(ValueError, match="is not signed"):
        _load_pyfunc(str(workshop.package))


@pytest.mark.parametrize("text", [os.pathsep, os.pathsep * 2, " "])
def test_load_pyfunc__no_key_named(workshop, monkeypatch, text):
    """A variable that is set but names no key lets nothing in."""
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", text)
    with pytest.raises(ValueError, match="names no PEM file"):
        _load_pyfunc(str(workshop.package))
