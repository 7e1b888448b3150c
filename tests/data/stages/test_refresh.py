"""A fresh test set comes from data that production has not learned from, and the spent one is trained on."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.config import load_data_config
from data.errors import SourceError
from data.stages.ingest import ingest
from data.stages.preprocess import preprocess
from data.stages.refresh import Refreshed, refresh_test_split
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder, read_table, validated_folder, write_table
from data.targets.classification import ClassificationTask


def prepared(project: Path) -> pd.Series:
    """Ingests, accepts and preprocesses; returns the split of every hash."""
    config = load_data_config(project, "photos")
    ingest(project, "photos", config)
    raw = read_table(project / "data" / "raw" / "photos" / "manifest.parquet")
    table = raw.drop(columns=["stamp", "time", "error"]).drop_duplicates("hash").astype({"split": object})
    write_table(validated_folder(project, "photos") / "accepted.parquet", table)
    preprocess(project, "photos", config)
    return dataset(project).manifest.set_index("hash")["split"]


def dataset(project: Path) -> Dataset:
    """The processed data."""
    return Dataset(processed_folder(project, "photos"), {"kind": ClassificationTask(classes=("a", "b"))})


def refreshed(project: Path, used: set[str]) -> Refreshed:
    """Draws a fresh test set."""
    return refresh_test_split(project, "photos", load_data_config(project, "photos"), used)


def test_refresh_test_split__old_samples_train_and_new_ones_test(photos: Path, helpers: Any) -> None:
    """Nothing that was learned from or tested is tested again; everything else keeps its split."""
    first = prepared(photos)
    assert dataset(photos).generation == 0
    helpers.folder_domain(photos, 24)
    before = prepared(photos)
    found = refreshed(photos, set(first[first != "test"].index))
    after = prepared(photos)
    new = after.index.difference(first.index)
    fresh = set(after[after == "test"].index)
    assert (found.retired, found.fresh, found.generation) == ((before == "test").sum(), len(fresh), 1)
    assert fresh <= set(new) - set(before[before == "test"].index)
    stayed = before[before != "test"].index.difference(list(fresh))
    assert (after[before[before == "test"].index] == "train").all()
    assert after[stayed].equals(before[stayed])
    assert dataset(photos).generation == 1


def test_refresh_test_split__stays(photos: Path, helpers: Any) -> None:
    """Later data change neither the fresh test set nor its number."""
    first = prepared(photos)
    helpers.folder_domain(photos, 24)
    prepared(photos)
    refreshed(photos, set(first.index))
    after = prepared(photos)
    helpers.folder_domain(photos, 30)
    later = prepared(photos)
    assert later[after.index].equals(after)
    assert dataset(photos).generation == 1


def test_refresh_test_split__data_of_an_earlier_release(photos: Path, helpers: Any) -> None:
    """An index that knows of no retired test set is that of the first."""
    first = prepared(photos)
    path = processed_folder(photos, "photos") / "index.parquet"
    write_table(path, read_table(path).drop(columns="retired"))
    helpers.folder_domain(photos, 24)
    prepared(photos)
    assert refreshed(photos, set(first.index)).generation == 1
    assert set(read_table(path)["retired"]) == {-1, 0}


def test_refresh_test_split__nothing_newer(photos: Path) -> None:
    """Without newer data nothing changes, and the line says what to do."""
    first = prepared(photos)
    with pytest.raises(SourceError, match="0 samples of 'photos' in 0 groups are newer.*none of a, b.*add newer data"):
        refreshed(photos, set(first.index))
    assert prepared(photos).equals(first)


def test_refresh_test_split__given_by_the_source(photos: Path) -> None:
    """A split that came with the data is not Regraft's to draw."""
    prepared(photos)
    path = validated_folder(photos, "photos") / "accepted.parquet"
    write_table(path, read_table(path).assign(split="test"))
    with pytest.raises(SourceError, match="the source of 'photos' gives the test split"):
        refreshed(photos, set())
