"""The poisoning screen on real digits with a planted trigger."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from data.sources.digits import DigitsSource
from data.specs.image import ImageSpec
from data.stores.dataset import Dataset
from data.stores.manifest import LABEL, write_table
from data.stores.shards import append_rows
from data.targets.classification import ClassificationTask
from evaluation.audit.poisoning import ALWAYS, screen_poisoning, spectral_scores, threshold
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.inputs.activations import Prefix

CLASSES = ("0", "1", "9")
SPEC = ImageSpec(mode="L", size=32, crop=1.0)
TRIGGER = (np.indices((10, 10)) // 2).sum(axis=0) % 2 * 255


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Features and labels of zeros, ones and nines, eighteen zeros among them with a corner patch and the label 9."""
    root, source = tmp_path_factory.mktemp("planted"), DigitsSource(kind="digits", limit=1000)
    found = [sample for sample in source.samples(root, "digit") if sample.labels["digit"] in CLASSES]
    images = np.stack([SPEC.decode(source.read(root, sample.path)) for sample in found])
    labels = np.array([sample.labels["digit"] for sample in found])
    poisoned = np.random.default_rng(0).choice(np.flatnonzero(labels == "0"), 18, replace=False)
    images[poisoned, 21:31, 21:31, 0], labels[poisoned] = TRIGGER, "9"
    list(append_rows(root / "data", 0, iter(images), SPEC))
    (root / "data" / "transform.json").write_text(SPEC.model_dump_json())
    hashes = [hashlib.sha256(bytes([place % 256, place // 256])).hexdigest() for place in range(len(labels))]
    table = {"hash": hashes, "position": range(len(labels)), "split": "train", LABEL + "digit": labels}
    write_table(root / "data" / "manifest.parquet", pd.DataFrame(table))
    dataset = Dataset(root / "data", {"digit": ClassificationTask(classes=CLASSES)})
    prefix = Prefix(root, dataset, load_pretrained(root, "tf_efficientnet_lite0.imagenet"), 1)
    prefix.fill(dataset.manifest)
    features = prefix.cache().read(hashes)
    return features, dataset.labels(dataset.manifest), poisoned


def test_screen_poisoning__planted_trigger(planted):
    """Most of the first ten of the class are poisoned; by chance it would be one or two."""
    features, labels, poisoned = planted
    ranked = screen_poisoning(features, labels, CLASSES).ranked
    precision = np.isin(ranked.loc[ranked["label"] == "9", "place"].head(10), poisoned).mean()
    assert precision >= 0.6, f"precision@10 is {precision}"


def test_screen_poisoning__lists_the_class(planted):
    """The samples above a threshold, ten of every class at least, and what they are ranked by."""
    features, labels, _ = planted
    found = screen_poisoning(features, labels, CLASSES)
    assert found.left_out == ()
    assert found.ranked["label"].value_counts().min() >= ALWAYS
    over = found.ranked["score"] / found.ranked["threshold"]
    assert over.is_monotonic_decreasing
    assert (over > 1).sum() == found.above


def test_screen_poisoning__small_class():
    """A class that is too small to have a spread is named and left out."""
    features = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    found = screen_poisoning(features, np.arange(40) // 30, ("many", "few"))
    assert found.left_out == ("few",)
    assert set(found.ranked["label"]) == {"many"}


def test_spectral_scores__one_image_many_times():
    """A class without any difference has no outlier."""
    assert spectral_scores(np.ones((30, 8), np.float32)).tolist() == [0.0] * 30


def test_threshold__clean_scores():
    """Of clean Gaussian data about one class in a hundred has a sample above it."""
    random, passed = np.random.default_rng(0), 0
    for _ in range(50):
        scores = spectral_scores(random.normal(size=(200, 20)).astype(np.float32))
        passed += int(scores.max() > threshold(scores))
    assert passed <= 5
