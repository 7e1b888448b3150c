"""Predictions come back from disk as they were written."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.errors import StorageError
from evaluation.errors import EvaluationError
from evaluation.predictions.predictions import Predictions
from evaluation.predictions.storage import read_predictions, write_predictions


def predictions(slices: pd.DataFrame) -> Predictions:
    """Three samples of classes whose order is not the alphabet's."""
    return Predictions(
        hashes=["a", "b", "c"],
        truth=np.array([2, 0, 1]),
        probabilities=np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, 0.0]]),
        weights=np.array([0.5, 1.0, 2.0]),
        groups=["x", "x", "y"],
        slices=slices,
        classes=("zebra", "ape", "p.cow"),
    )


@pytest.mark.parametrize(
    "slices", [pd.DataFrame(index=range(3)), pd.DataFrame({"type": ["m", "p", "m"], "hash": ["1", "2", "3"]})]
)
def test_read_predictions__as_written(tmp_path, slices):
    """Every field is the same, slices with a reserved name and none at all included."""
    wanted = predictions(slices)
    write_predictions(tmp_path / "folder" / "p.parquet", wanted)
    found = read_predictions(tmp_path / "folder" / "p.parquet")
    assert (found.hashes, found.groups, found.classes) == (wanted.hashes, wanted.groups, wanted.classes)
    for name in ("truth", "probabilities", "weights"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name))
    pd.testing.assert_frame_equal(found.slices, wanted.slices, check_column_type=False)


def test_read_predictions__unknown_class(tmp_path):
    """A class that the model has never heard of stays unknown, and is not merely unlikely."""
    whole = predictions(pd.DataFrame(index=range(3)))
    said = np.array([[0.1, 0.9, 0], [0.5, 0.5, 0], [0, 1, 0]])
    write_predictions(tmp_path / "p.parquet", replace(whole, probabilities=said, unknown=("p.cow",)))
    found = read_predictions(tmp_path / "p.parquet")
    assert found.unknown == ("p.cow",)
    assert found.probabilities.tolist() == said.tolist()
    assert found.take(np.array([0])).unknown == ("p.cow",)


def test_read_predictions__one_gap_is_damage(tmp_path):
    """A class is unknown where nothing is said of it at all; one gap is no answer."""
    write_predictions(tmp_path / "p.parquet", predictions(pd.DataFrame(index=range(3))))
    table = pd.read_parquet(tmp_path / "p.parquet")
    table.loc[0, "p.ape"] = np.nan
    table.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(EvaluationError, match="not finite"):
        read_predictions(tmp_path / "p.parquet")


def test_read_predictions__missing_or_damaged(tmp_path):
    """Half a file is one clear error."""
    path = tmp_path / "p.parquet"
    write_predictions(path, predictions(pd.DataFrame(index=range(3))))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StorageError, match=f"{path}: missing or damaged"):
        read_predictions(path)
