"""Batches: every sample once an epoch, in an order that the seed and the epoch decide, and none of the test split."""

from itertools import chain

import numpy as np
import pytest
import torch

from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.inputs.activations import PLAIN, Prefix, Views
from lightning_modules.inputs.augmentation import AugmentationConfig
from lightning_modules.inputs.datamodule import Cached, PhaseData, Samples, SeededBatches, SplitData, Take
from lightning_modules.network.network import pretrained_network
from lightning_modules.objectives.loss import balanced_weights

FLIPS = AugmentationConfig(horizontal_flip=True, vertical_flip=True)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, make_dataset):
    """The first two stages of the shipped backbone, over a small data set of its own."""
    root = tmp_path_factory.mktemp("batches")
    dataset = make_dataset(root / "processed", count=20, side=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGRAFT_ROOT", str(root))
        pretrained = load_pretrained(root, "tf_efficientnet_lite0.imagenet")
        yield Prefix(root / ".regraft", dataset, pretrained, 1, 2)


@pytest.fixture
def dataset(prefix):
    """Sixteen training and sixteen validation samples of two classes."""
    return prefix.dataset


def opened(dataset, prefix=None, views=PLAIN, size=4):
    """The batches of a phase, ready to be read."""
    data = PhaseData(dataset, prefix, views, size, 0)
    data.prepare_data()
    data.setup("fit")
    return data


def epoch(data, number):
    """The training batches of one epoch."""
    data.batches.set_epoch(number)
    return list(data.train_dataloader())


def batches(samples: int, size: int, seed: int = 0, epoch: int = 0) -> list[list[int]]:
    """The positions in the batches of one epoch."""
    sampler = SeededBatches(samples, size, seed)
    sampler.set_epoch(epoch)
    found = list(sampler)
    assert len(found) == len(sampler)
    assert {take.epoch for take in found} == {epoch}
    return [take.positions for take in found]


def test_seeded_batches__function_of_seed_and_epoch():
    """The same seed and epoch give the same order, whatever torch's generator does; another of either, another."""
    first = batches(50, 8, 1, 3)
    torch.rand(7)
    assert batches(50, 8, 1, 3) == first
    assert batches(50, 8, 1, 4) != first
    assert batches(50, 8, 2, 3) != first


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


def test_seeded_batches__skips_once():
    """A resumed epoch goes on behind the batches that it had; the next one is whole, and the length never changes."""
    sampler, whole = SeededBatches(50, 8, 0), batches(50, 8)
    sampler.skip = 3
    assert len(sampler) == len(whole)
    assert [take.positions for take in sampler] == whole[3:]
    assert [take.positions for take in sampler] == whole


def test_seeded_batches__balanced():
    """Where nine in ten samples are of one class, the sampler draws both equally often."""
    labels = torch.tensor([0] * 90 + [1] * 10)
    chances = balanced_weights(labels, torch.ones(100), 2)[labels]
    sampler, drawn = SeededBatches(100, 10, 0, chances), torch.zeros(2)
    for number in range(50):
        sampler.set_epoch(number)
        positions = list(chain.from_iterable(take.positions for take in sampler))
        assert len(positions) == 100
        drawn += torch.bincount(labels[positions], minlength=2)
    assert 0.48 < drawn[1] / drawn.sum() < 0.52
    assert [take.positions for take in sampler] == [take.positions for take in sampler]


def test_load_state_dict__goes_on(dataset):
    """The batches that a checkpoint counted are passed over."""
    data = opened(dataset)
    whole = epoch(data, 4)
    data.load_state_dict({"batches": 2})
    rest = epoch(data, 4)
    assert [len(whole), len(rest)] == [4, 2]
    assert all(torch.equal(one["inputs"], two["inputs"]) for one, two in zip(whole[2:], rest, strict=True))


def test_phase_data__rows_belong_together(dataset):
    """Images, labels and weights of a batch are those of the manifest's rows."""
    batch = epoch(opened(dataset), 1)[0]
    rows = dataset.rows("train").iloc[batches(16, 4, epoch=1)[0]]
    assert np.array_equal(batch["inputs"], dataset.samples(rows))
    assert [dataset.classes[label] for label in batch["targets"]["label"]] == list(rows["label.label"])
    assert np.allclose(batch["weights"], rows["weight"])
    assert float(batch["total"]) == pytest.approx(rows["weight"].sum())


@pytest.mark.parametrize("size", [1, 2, 5])
def test_split_data__two_processes_share_a_batch(dataset, size):
    """Their parts together are the batch, no sample in both, and both know the weight of the whole."""
    rows = dataset.rows("train")
    take, parts = Take(0, [7, 2, 11, 5, 3][:size]), []
    for rank, processes in [(0, 1), (0, 2), (1, 2)]:
        split = SplitData(dataset, rows, Samples(dataset, rows, Views(FLIPS, 0, 2)))
        split.rank, split.processes = rank, processes
        parts.append(split[take])
    whole, *halves = parts
    for name in ("inputs", "weights"):
        assert torch.equal(halves[0][name], whole[name][0::2])
        assert torch.equal(halves[1][name], whole[name][1::2])
    labels = [part["targets"]["label"] for part in parts]
    assert torch.equal(labels[1], labels[0][0::2])
    assert torch.equal(labels[2], labels[0][1::2])
    assert {float(part["total"]) for part in parts} == {float(whole["weights"].sum())}


def test_phase_data__cached_features_follow_the_hashes(prefix):
    """Cached activations come in the order of the rows, whatever the order in the cache."""
    data = opened(prefix.dataset, prefix)
    row = data.validation.rows["hash"].iloc[3]
    assert np.array_equal(data.validation[Take(0, [3])]["inputs"], prefix.cache().read([row]))


def test_phase_data__same_samples_with_and_without_cache(prefix):
    """In every epoch the cached activations are those of the very views that are shown without a cache."""
    views, pretrained = Views(FLIPS, 3, 2), prefix.pretrained
    network = pretrained_network(pretrained, pretrained.transform(prefix.dataset.spec), {}).eval()
    cached, plain = opened(prefix.dataset, prefix, views), opened(prefix.dataset, None, views)
    for number in range(3):
        for one, two in zip(epoch(cached, number), epoch(plain, number), strict=True):
            assert torch.equal(one["targets"]["label"], two["targets"]["label"])
            with torch.inference_mode():
                wanted = network.run(two["inputs"], 0, prefix.boundary)
            assert torch.allclose(one["inputs"], wanted, atol=1e-4)
    with torch.inference_mode():
        held = [network.run(batch["inputs"], 0, 2) for batch in plain.val_dataloader()]
    assert torch.allclose(next(iter(cached.val_dataloader()))["inputs"], held[0], atol=1e-4)


def test_cached__each_epoch_the_next_view(prefix):
    """Epochs go round the views."""
    views, rows = Views(FLIPS, 3, 2), prefix.dataset.rows("train")
    prefix.fill(rows, views)
    both = tuple(prefix.cache(views, view).open(list(rows["hash"])) for view in (0, 1))
    found = [Cached(both).read([0, 1, 2], number) for number in range(4)]
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[3])
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize(("count", "different"), [(0, 6), (2, 2), (1, 1)])
def test_samples__views_an_epoch(dataset, count, different):
    """Without a cache every epoch may have a view of its own; with a count they repeat."""
    rows = dataset.rows("train")
    samples = Samples(dataset, rows, Views(AugmentationConfig(rotation=90.0), 0, count))
    assert len({samples.read([0, 1], number).numpy().tobytes() for number in range(6)}) == different


def test_phase_data__no_test_sample(dataset):
    """Training, validation and the drift reference know no sample of the test split; together they know the others."""
    data, test = opened(dataset), set(dataset.rows("test")["hash"])
    seen = [set(split.rows["hash"]) for split in (data.train, data.validation, data.whole)]
    assert not test & (seen[0] | seen[1] | seen[2])
    assert seen[0] | seen[1] == seen[2] == set(dataset.manifest["hash"]) - test


def test_val_dataloader__rows_in_order_and_plain(dataset):
    """The validation batches put together are the split, never augmented."""
    data = opened(dataset, None, Views(FLIPS, 0, 2))
    loaded = list(data.val_dataloader())
    assert np.array_equal(
        np.concatenate([batch["targets"]["label"] for batch in loaded]), data.validation.targets["label"]
    )
    found = np.concatenate([batch["inputs"] for batch in loaded])
    assert np.array_equal(found, dataset.samples(dataset.rows("val")))


def test_predict_dataloader__training_images_as_they_are(dataset):
    """The samples of both splits in the manifest's order, without augmentation, for the drift reference."""
    data = opened(dataset, None, Views(FLIPS, 0, 2))
    found = np.concatenate([batch["inputs"] for batch in data.predict_dataloader()])
    assert np.array_equal(found, dataset.samples(dataset.rows("train", "val")))


@pytest.mark.parametrize(("samples", "left_out"), [(17, 1), (18, 2), (19, 3), (20, 0)])
def test_seeded_batches__two_of_a_batch_for_each_process(samples, left_out):
    """Two processes share a last batch of four; of three one would get a single sample."""
    sampler = SeededBatches(samples, 8, 0)
    sampler.processes = 2
    assert sum(len(take.positions) for take in sampler) == samples - left_out
