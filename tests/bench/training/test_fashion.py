"""The Fashion-MNIST benchmark: its splits, its pixels and its table."""

import numpy as np

from bench.training.fashion import RECIPES, fashion_dataset, section


def test_fashion_dataset__its_own_test_images(tmp_path, write_garments):
    """The last 10,000 are the test split, 5% of the others validation, and every image has its label and its place."""
    dataset = fashion_dataset(tmp_path / "processed", write_garments(60_000, 10_000), 8)
    rows = dataset.manifest
    assert rows["split"].value_counts().to_dict() == {"train": 57_000, "test": 10_000, "val": 3_000}
    assert (rows["split"][60_000:] == "test").all()
    assert (dataset.labels(rows) == np.concatenate([np.arange(60_000), np.arange(10_000)]) % 10).all()
    found = dataset.samples(rows.iloc[[0, 60_000]])
    assert found.shape == (2, 8, 8, 1)
    assert np.array_equal(found[0, :, :, 0], np.random.default_rng(0).integers(20, 230, (60_000, 8, 8), np.uint8)[0])


def test_section__beside_what_is_published():
    """A measured recipe has its interval, minutes and memory; one that was not run says so."""
    values = {"accuracy": 0.912345, "low": 0.906, "high": 0.918, "seconds": 90.0}
    text = section({"partial": {"values": values, "together_peak_mb": 1234.0}})
    assert "| partial | 0.9123 | 0.9060 to 0.9180 | 1.5 | 1234 |" in text
    assert text.count("| not run | not run | not run | not run |") == len(RECIPES) - 1
    assert "ResNet18 0.949" in text
