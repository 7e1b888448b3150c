"""Samples are decoded from their files, by the spec of the data or by another."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import SourceError
from data.specs.image import ImageSpec
from data.stages.decode import RawSamples
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder


@pytest.fixture
def raw(photos: Path, helpers: Any) -> tuple[RawSamples, Dataset]:
    """The files of prepared photos, and the data that were made of them."""
    helpers.prepare(photos)
    config = helpers.write_domain(photos)
    return RawSamples(photos, "photos", config), Dataset(processed_folder(photos, "photos"), config.tasks)


def test_again__own_spec_gives_the_shards(raw: tuple[RawSamples, Dataset]) -> None:
    """Decoded again in any order, each sample is what its shard holds."""
    samples, dataset = raw
    rows = dataset.manifest.iloc[::-1]
    assert np.array_equal(samples.again(rows["hash"], dataset.spec), dataset.samples(rows))


def test_again__another_spec(raw: tuple[RawSamples, Dataset]) -> None:
    """Another size or colour gives its own arrays."""
    samples, dataset = raw
    found = samples.again(dataset.manifest["hash"].head(3), ImageSpec(mode="RGB", size=24))
    assert found.shape == (3, 24, 24, 3)


def test_again__file_changed(raw: tuple[RawSamples, Dataset], photos: Path, helpers: Any) -> None:
    """A file that is not what was ingested is refused by its name."""
    samples, dataset = raw
    (photos / "photos" / "a" / "0000.png").write_bytes(helpers.square(7))
    with pytest.raises(SourceError, match=r"a/0000.png changed after it was ingested"):
        samples.again(dataset.manifest["hash"], dataset.spec)


def test_contents__of_files_that_are_there(raw: tuple[RawSamples, Dataset], photos: Path, helpers: Any) -> None:
    """Bytes as the source gives them, in the order asked for; what is gone, changed or unknown is passed over."""
    samples, dataset = raw
    (photos / "photos" / "a" / "0000.png").write_bytes(helpers.square(7))
    (photos / "photos" / "a" / "0001.png").unlink()
    hashes = ["unknown", *dataset.manifest["hash"]]
    found = samples.contents(hashes, 100)
    assert len(found) == len(hashes) - 3
    assert list(found) == [digest for digest in hashes if digest in found]
    assert all(hashlib.sha256(content).hexdigest() == digest for digest, content in found.items())
    assert list(samples.contents(hashes, 2)) == list(found)[:2]
