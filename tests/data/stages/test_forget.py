"""A forgotten sample leaves the data and does not come back; nobody else moves."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from data.stages.forget import erase_data, find_samples, still_there
from data.stores.dataset import Dataset
from data.stores.features import FeatureCache
from data.stores.forgotten import forgotten
from data.stores.manifest import processed_folder, raw_manifest_path, read_table, validated_folder


@pytest.fixture
def person(photos: Path, helpers: Any) -> tuple[Path, str]:
    """Prepared photos, and the hash of one of them."""
    helpers.prepare(photos)
    return photos, hashlib.sha256((photos / "photos" / "a" / "0003.png").read_bytes()).hexdigest()


def tables(root: Path) -> list[Path]:
    """Every table that names samples."""
    processed = processed_folder(root, "photos")
    validated = validated_folder(root, "photos")
    return [raw_manifest_path(root, "photos"), *validated.glob("*.parquet"), *processed.glob("*.parquet")]


def test_find_samples__by_hash_and_path(person: tuple[Path, str]) -> None:
    """A path and the hash are the same sample; an end that several have, and what is not there, are refused by name."""
    root, digest = person
    by_hash = find_samples(root, "photos", [digest], [])
    assert by_hash.hashes == {digest}
    assert find_samples(root, "photos", [], ["a/0003.png"]).files == by_hash.files
    with pytest.raises(SourceError, match="'0003.png' is the end of several paths: a/0003.png, b/0003.png; name one"):
        find_samples(root, "photos", [], ["0003.png"])
    with pytest.raises(SourceError, match="no sample of the path or group 'nobody'"):
        find_samples(root, "photos", [], ["nobody"])
    with pytest.raises(SourceError, match="never had a sample of the hash 'abc'"):
        find_samples(root, "photos", ["abc"], [])


def test_erase_data__gone_everywhere(person: tuple[Path, str], helpers: Any) -> None:
    """Tables, arrays and features lose it, the next run does not bring it back, and all others stay put."""
    root, digest = person
    config = helpers.write_domain(root)
    before = Dataset(processed_folder(root, "photos"), config.tasks).manifest.set_index("hash")
    cache = FeatureCache(root / ".regraft" / "cache" / "features" / "net")
    cache.fill([digest, "other"], lambda chosen: np.zeros((len(chosen), 2), np.float32), rows=1)
    samples = find_samples(root, "photos", [digest], [])
    erase_data(root, "photos", samples, root / ".regraft")
    assert helpers.prepare(root) == len(before) - 1
    assert [path for path in tables(root) if digest in set(read_table(path)["hash"])] == []
    assert cache.missing([digest, "other"]) == [0]
    assert forgotten(root, "photos") == {digest}
    dataset = Dataset(processed_folder(root, "photos"), config.tasks)
    assert dataset.manifest.set_index("hash")["split"].equals(before["split"].drop(digest))
    row = dataset.manifest.iloc[[5]]
    source = read_table(raw_manifest_path(root, "photos")).set_index("hash").loc[row["hash"].iloc[0], "path"]
    assert np.array_equal(dataset.samples(row)[0], config.transform.decode((root / "photos" / source).read_bytes()))


def test_erase_data__feedback_names_it_no_more(person: tuple[Path, str]) -> None:
    """The row of its path leaves a feedback table; a table of nothing else goes."""
    root, digest = person
    folder = root / "data" / "feedback" / "photos"
    folder.mkdir(parents=True)
    samples = find_samples(root, "photos", [digest], [])
    for name, paths in (("both", [samples.files[0][1], "other.png"]), ("alone", [samples.files[0][1]])):
        pd.DataFrame({"path": paths, "label": "a"}).to_csv(folder / f"{name}.csv", index=False)
    erase_data(root, "photos", samples, root / ".regraft")
    assert [(path.name, list(pd.read_csv(path)["path"])) for path in folder.iterdir()] == [("both.csv", ["other.png"])]


def test_still_there__files_of_the_source(person: tuple[Path, str], helpers: Any) -> None:
    """A file is named as the source names it while it is there, and no more once somebody has deleted it."""
    root, digest = person
    samples, config = find_samples(root, "photos", [digest], []), helpers.write_domain(root)
    assert still_there(root, "photos", config, samples) == ["a/0003.png"]
    (root / "photos" / "a" / "0003.png").unlink()
    assert still_there(root, "photos", config, samples) == []


def test_erase_data__restored_versions_go(person: tuple[Path, str]) -> None:
    """What `reproduce` has brought back of the domain goes; another domain's stays."""
    root, digest = person
    mine, other = (root / "data" / "restored" / f"{name}-{'0' * 32}" for name in ("photos", "photos-2"))
    for folder in (mine, other):
        folder.mkdir(parents=True)
    erase_data(root, "photos", find_samples(root, "photos", [digest], []), root / ".regraft")
    assert (mine.exists(), other.exists()) == (False, True)
