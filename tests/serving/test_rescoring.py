"""Another version answers what was answered before, as long as the very content can be had."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from cryptography.fernet import Fernet

from registry.package.package import load_package
from serving import rescoring
from serving.log.inputs import keep_inputs
from serving.rescoring import contents_of, rescored
from tests.conftest import png

DARK, LIGHT = (
    png(np.clip(np.random.default_rng(0).normal(level, 25, (64, 64)), 0, 255).astype(np.uint8)) for level in (60, 180)
)


def digest(content: bytes) -> str:
    """Its name in the log."""
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def rows(own_workshop, tmp_path):
    """Rows of the log: two files that are there, one that changed, one that is gone, one that is no picture."""
    found = []
    for name, content in (
        ("dark", DARK),
        ("light", LIGHT),
        ("changed", png(90)),
        ("gone", png(91)),
        ("bad", b"x"),
    ):
        path = tmp_path / f"{name}.png"
        path.write_bytes(content if name != "changed" else b"another")
        if name == "gone":
            path.unlink()
        found.append(
            {"id": name, "hash": digest(content), "path": str(path), "version": 2, "predicted": "?", "error": None}
        )
    found.append(
        {"id": "unread", "hash": None, "path": "p", "version": 2, "predicted": None, "error": "cannot be read"}
    )
    return pd.DataFrame(found)


def test_rescored__answers_of_the_other(own_workshop, rows):
    """Its own predictions and errors under its own number; what cannot be had is left out."""
    found = rescored("photos", load_package(own_workshop.package), 1, rows).set_index("id")
    assert [*found.index] == ["dark", "light", "bad"]
    assert [*found["version"]] == [1, 1, 1]
    assert [*found["predicted"]] == ["dark", "light", None]
    assert found["error"].isna().tolist() == [True, True, False]
    assert [*found["path"]] == [*rows.set_index("id")["path"][["dark", "light", "bad"]]]


def test_rescored__model_fails(own_workshop, rows, monkeypatch):
    """A model that fails on a sample, or gives no number, has no answer, as in traffic; the others have theirs."""
    package = load_package(own_workshop.package)
    whole = type(package).predict

    def dim(one, samples):
        if samples.reshape(len(samples), -1).mean(axis=1).max() > 120:
            raise RuntimeError("too bright")
        return whole(one, samples)

    monkeypatch.setattr(type(package), "predict", dim)
    found = rescored("photos", package, 1, rows).set_index("id")
    assert [*found["predicted"]] == ["dark", None, None]
    assert "too bright" in found["error"]["light"]


def test_rescored__in_batches(own_workshop, rows, monkeypatch):
    """However many there are at once."""
    monkeypatch.setattr(rescoring, "BATCH", 2)
    assert len(rescored("photos", load_package(own_workshop.package), 1, rows)) == 3


def test_contents_of__kept_inputs(own_workshop, rows, monkeypatch):
    """What is gone but was kept is there, once."""
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", Fernet.generate_key().decode())
    for _ in range(2):
        keep_inputs("photos", {digest(png(91)): png(91)})
    found = [*contents_of("photos", pd.concat([rows, rows]))]
    assert sorted(one for one, _ in found) == sorted(digest(one) for one in (DARK, LIGHT, png(91), b"x"))
