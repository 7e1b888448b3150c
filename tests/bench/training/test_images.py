"""Both sides of a comparison read the same images."""

import hashlib

import numpy as np

from bench.training.images import write_image_folder, write_processed


def test_write_processed__holds_the_images_of_the_folder(tmp_path):
    """Training hashes and classes are those of the folder, validation has others, and both have both classes."""
    folder, dataset = write_image_folder(tmp_path / "images", 40), write_processed(tmp_path / "processed", 40, 32)
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path.parent.name for path in folder.glob("train/*/*.png")}
    rows = dataset.rows("train")
    assert dict(zip(rows["hash"], rows["label.defect"], strict=True)) == files
    assert len(files) == 40
    assert set(files.values()) == {"defective", "functional"}
    assert not set(dataset.rows("val")["hash"]) & files.keys()


def test_write_processed__stores_pixels(tmp_path):
    """Pixels are those of the files, in their size."""
    dataset = write_processed(tmp_path / "processed", 4, 32)
    images = dataset.samples(dataset.rows("train"))
    assert images.shape == (4, 32, 32, 1)
    assert len(np.unique(images)) > 20
