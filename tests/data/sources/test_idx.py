"""IDX files as Debian's dataset-fashion-mnist ships them, small ones written here."""

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from data.errors import SourceError
from data.sources import IdxSource
from data.sources.idx import load_idx
from data.specs.decoding import decode_image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 9], np.uint8)


def write_idx(path: Path, array: npt.NDArray[np.uint8], kind: int = 8) -> None:
    """An IDX file, gzipped where its name says so."""
    content = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


@pytest.fixture
def source(tmp_path: Path) -> IdxSource:
    """Six training images (gzipped, as Debian does) and three test images (plain)."""
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", PIXELS)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS)
    write_idx(tmp_path / "t10k-images-idx3-ubyte", PIXELS[:3] // 2)
    write_idx(tmp_path / "t10k-labels-idx1-ubyte", LABELS[:3])
    return IdxSource(kind="idx", path=".", names=("shirt", "shoe", "bag"))


def test_samples__names_and_splits(source: IdxSource, tmp_path: Path) -> None:
    """Numbers become names where there are names; the test file keeps its split, the training file has none."""
    found = [(sample.path, sample.labels["kind"], sample.split) for sample in source.samples(tmp_path, "kind")]
    assert found[:2] == [("train/0", "shirt", None), ("train/1", "shoe", None)]
    assert found[5:7] == [("train/5", "9", None), ("t10k/0", "shirt", "test")]
    assert len(found) == 9


def test_samples__limit_counts_a_file(source: IdxSource, tmp_path: Path) -> None:
    """`limit` takes the first of each file."""
    limited = source.model_copy(update={"limit": 2})
    assert [sample.path for sample in limited.samples(tmp_path, "kind")] == ["train/0", "train/1", "t10k/0", "t10k/1"]


def test_read__pixels(source: IdxSource, tmp_path: Path) -> None:
    """Height and width are not exchanged."""
    image = np.asarray(decode_image(source.read(tmp_path, "train/4"), "L"))
    assert (image == PIXELS[4]).all()
    assert (np.asarray(decode_image(source.read(tmp_path, "t10k/2"), "L")) == PIXELS[2] // 2).all()


def test_read__a_file_that_was_replaced(source: IdxSource, tmp_path: Path) -> None:
    """A changed file is read anew, with a new stamp; an image that it lost is named."""
    before = source.stamp(tmp_path, "train/0"), source.read(tmp_path, "train/0")
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", 255 - PIXELS[:2])
    assert source.stamp(tmp_path, "train/0") != before[0]
    assert source.read(tmp_path, "train/0") != before[1]
    with pytest.raises(SourceError, match="train/5: the file holds 2 images only; ingest the domain again"):
        source.read(tmp_path, "train/5")


def test_samples__missing_file(source: IdxSource, tmp_path: Path) -> None:
    """A missing file is named with both endings it may have."""
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(SourceError, match=r"t10k-labels-idx1-ubyte\[\.gz\] does not exist"):
        list(source.samples(tmp_path, "kind"))


def test_samples__pair_of_different_length(source: IdxSource, tmp_path: Path) -> None:
    """Images and labels must match in number."""
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS[:4])
    with pytest.raises(SourceError, match="train: 6 images but 4 labels"):
        list(source.samples(tmp_path, "kind"))


def test_samples__pair_turned_round(source: IdxSource, tmp_path: Path) -> None:
    """Labels in the place of images are found."""
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", LABELS)
    with pytest.raises(SourceError, match="labels must have 1 dimension and images 3"):
        list(source.samples(tmp_path, "kind"))


def damaged(content: bytes, place: int) -> bytes:
    """The content with one byte turned round."""
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("fault", ["cut", "empty", "text", "flipped"])
def test_load_idx__damaged(tmp_path: Path, ending: str, fault: str) -> None:
    """A damaged file is one clear error, packed or not."""
    path = tmp_path / f"train-images-idx3-ubyte{ending}"
    write_idx(path, PIXELS)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-9], "empty": b"", "text": b"hello, world", "flipped": damaged(whole, 12)}[fault])
    with pytest.raises(SourceError, match=r"train-images-idx3-ubyte.*fetch"):
        load_idx(path)


def test_load_idx__every_flipped_byte_of_a_packed_file(tmp_path: Path) -> None:
    """A flipped byte anywhere either is found or lies in a field that means nothing."""
    write_idx(tmp_path / "whole.gz", PIXELS)
    whole, refused = (tmp_path / "whole.gz").read_bytes(), 0
    for place in range(len(whole)):
        path = tmp_path / f"{place}.gz"
        path.write_bytes(damaged(whole, place))
        try:
            load_idx(path)
        except SourceError:  # both ends are right; a traceback is not
            refused += 1
    assert refused > 100


def test_load_idx__other_type(tmp_path: Path) -> None:
    """Floating-point IDX files are not for this source."""
    write_idx(tmp_path / "a", PIXELS, kind=13)
    with pytest.raises(SourceError, match="type 13, unsigned bytes"):
        load_idx(tmp_path / "a")
