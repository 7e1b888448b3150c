"""Batches: every sample once an epoch, in an order that the seed and the epoch decide, and none of the test split."""

from itertools import chain

import numpy as np
import pytest

from lightning_modules.datamodule import DomainData, SeededBatches
from lightning_modules.embed import feature_cache
from lightning_modules.hub import load_backbone


@pytest.fixture
def data(workshop) -> DomainData:
    """Images of the workshop's data set, ten a batch."""
    return DomainData(workshop.dataset, None, 10, seed=0)


def batches(samples: int, size: int, seed: int = 0, epoch: int = 0) -> list[list[int]]:
    """The batches of one epoch."""
    sampler = SeededBatches(samples, size, seed)
    sampler.set_epoch(epoch)
    found = list(sampler)
    assert len(found) == len(sampler)
    return found


def test_seeded_batches__function_of_seed_and_epoch():
    """The same seed and epoch give the same order; another of either gives another."""
    assert batches(50, 8, 1, 3) == batches(50, 8, 1, 3)
    assert batches(50, 8, 1, 3) != batches(50, 8, 1, 4)
    assert batches(50, 8, 1, 3) != batches(50, 8, 2, 3)


@pytest.mark.parametrize("samples", [1, 2, 8, 10, 16])
def test_seeded_batches__every_sample_once(samples):
    """No sample is missing or doubled."""
    assert sorted(chain.from_iterable(batches(samples, 8))) == list(range(samples))


@pytest.mark.parametrize("samples", [9, 17])
def test_seeded_batches__no_last_batch_of_one(samples):
    """BatchNorm needs two, so that a sample left over waits for another epoch."""
    found = batches(samples, 8)
    assert sum(map(len, found)) == samples - 1
    assert {len(batch) for batch in found} == {8}


def test_domain_data__rows_belong_together(workshop, data):
    """Images, labels and weights of a batch are those of the manifest's rows."""
    batch = next(iter(data.train_dataloader()))
    rows = workshop.dataset.rows("train").iloc[batches(len(data.train), 10)[0]]
    assert np.array_equal(batch["inputs"], workshop.dataset.images(rows))
    assert [("dark", "light")[label] for label in batch["labels"]] == list(rows["label.label"])
    assert np.allclose(batch["weights"], rows["weight"])


def test_domain_data__features_follow_the_hashes(workshop):
    """Cached features come in the order of the rows, whatever the order in the cache."""
    card = load_backbone(workshop.root, "tf_efficientnet_lite0.imagenet")
    transform = card.transform(workshop.dataset.spec)
    cache = feature_cache(workshop.root / ".regraft", card.weights(workshop.root)[1], transform)
    data = DomainData(workshop.dataset, cache, 10, seed=0)
    row = data.validation.rows["hash"].iloc[3]
    assert np.array_equal(data.validation[[3]]["inputs"], cache.read([row]))


def test_domain_data__no_test_sample(workshop, data):
    """Training, validation and the drift reference know no sample of the test split; together they know the others."""
    test = set(workshop.dataset.rows("test")["hash"])
    seen = [set(split.rows["hash"]) for split in (data.train, data.validation, data.whole)]
    assert not test & (seen[0] | seen[1] | seen[2])
    assert seen[0] | seen[1] == seen[2] == set(workshop.dataset.manifest["hash"]) - test


def test_ordered__rows_in_order(data):
    """The validation batches put together are the split."""
    found = np.concatenate([batch["labels"] for batch in data.val_dataloader()])
    assert np.array_equal(found, data.validation.labels)
