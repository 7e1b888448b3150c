"""The frozen prefix is computed once a view, as torch would compute it, and stays within its budget."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from data.errors import StorageError
from data.stores.manifest import read_table, write_table
from lightning_modules.hub.backbones import Pretrained, load_pretrained
from lightning_modules.inputs.activations import PLAIN, Prefix, Views
from lightning_modules.inputs.augmentation import AugmentationConfig
from lightning_modules.network.network import pretrained_network
from settings.machine import load_settings

SHIPPED = "tf_efficientnet_lite0.imagenet"
FLIPS = Views(AugmentationConfig(horizontal_flip=True, vertical_flip=True), 0, 2)


@pytest.fixture(scope="module")
def filled(tmp_path_factory, make_dataset):
    """Activations after three stages of the shipped backbone: the plain images, and two views of training images."""
    root = tmp_path_factory.mktemp("activations")
    dataset = make_dataset(root / "processed", count=10, side=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGRAFT_ROOT", str(root))
        prefix = Prefix(root / ".regraft", dataset, load_pretrained(root, SHIPPED), 1, 3)
        assert prefix.fill(dataset.rows("train", "val")) == 16
        assert prefix.fill(dataset.rows("train"), FLIPS) == 16
        yield prefix


@pytest.fixture
def own(filled, tmp_path):
    """A copy of the cache, for a test to change."""
    shutil.copytree(filled.home, tmp_path / "home")
    return replace(filled, home=tmp_path / "home")


@pytest.fixture(scope="module")
def network(filled):
    """The same backbone in torch."""
    return pretrained_network(filled.pretrained, filled.pretrained.transform(filled.dataset.spec), {}).eval()


def with_card(pretrained: Pretrained, **changes) -> Pretrained:
    """The same weights under another hub entry."""
    return pretrained.model_copy(update={"card": pretrained.card.model_copy(update=changes)})


def budget(monkeypatch, prefix, more):
    """Sets the disk budget to what there is and so many bytes more."""
    folder = prefix.home / "cache" / "features"
    there = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    monkeypatch.setenv("REGRAFT_CACHE_GB", repr((there + more) / 2**30))


@torch.inference_mode()
def close(activations, network, images, boundary=3):
    """Whether activations are those that torch computes, to 1e-4 of their size."""
    wanted = network.run(torch.from_numpy(images), 0, boundary).numpy()
    return activations.shape == wanted.shape and np.allclose(activations, wanted, rtol=1e-4, atol=1e-4)


def test_fill__equals_torch(filled, network):
    """What the cache holds at a boundary is torch's activation of the same pixels, sample by sample."""
    rows = filled.dataset.rows("train", "val").iloc[::-1]
    found = filled.cache().read(list(rows["hash"]))
    assert close(found, network, filled.dataset.samples(rows))
    assert filled.row_bytes == found[0].nbytes == 24 * 8 * 8 * 4


def test_fill__embedding(own, network):
    """Without a boundary it is the embedding."""
    prefix, rows = replace(own, boundary=None), own.dataset.rows("val")
    assert prefix.fill(rows) == len(rows)
    found = prefix.cache().read(list(rows["hash"]))
    assert found.shape == (8, 1280)
    assert close(found, network, own.dataset.samples(rows), None)


def test_fill__each_view(filled, network):
    """Each view has its own cache, of its own images; two views differ."""
    rows = filled.dataset.rows("train")
    found = [filled.cache(FLIPS, view).read(list(rows["hash"])) for view in (0, 1)]
    for view in (0, 1):
        assert close(found[view], network, FLIPS.samples(filled.dataset, rows, view))
    assert not np.allclose(found[0], found[1])


def test_fill__once(own):
    """What is there is not computed again; new samples cost new samples, and progress counts over all views."""
    rows, told = own.dataset.rows("train", "val"), []
    assert own.fill(own.dataset.rows("train"), FLIPS) == 0
    assert own.fill(rows, FLIPS, lambda *numbers: told.append(numbers)) == 16
    assert told == [(8, 16), (16, 16)]
    assert own.fill(own.dataset.rows("test", "val")) == 4


def test_views__without_augmentation_are_one(filled):
    """Where nothing may change, any number of views is the plain image, cached once."""
    views = Views(AugmentationConfig(), 5, 8)
    assert views.cached == 1
    assert filled.cache(views).folder == filled.cache().folder
    assert filled.fill(filled.dataset.rows("train"), views) == 0


def test_cache__one_for_each_key(filled):
    """Weights, transform, boundary, augmentation, seed and view each have a cache of their own."""
    spec = filled.dataset.spec.model_copy(update={"size": 64})
    resized = replace(filled.dataset)
    resized.__dict__["spec"] = spec
    mean = filled.pretrained.card.input.model_copy(update={"mean": (0.4, 0.4, 0.4)})
    flip = AugmentationConfig(horizontal_flip=True)
    caches = [
        filled.cache(),
        replace(filled, boundary=2).cache(),
        replace(filled, boundary=None).cache(),
        replace(filled, dataset=resized).cache(),
        replace(filled, pretrained=with_card(filled.pretrained, input=mean)).cache(),
        *(filled.cache(Views(flip, seed, 2), view) for seed in (0, 1) for view in (0, 1)),
        filled.cache(FLIPS),
    ]
    assert len({cache.folder for cache in caches}) == len(caches)


def test_cache__other_weights(filled, make_card, random_weights):
    """Other weights never share a cache."""
    other = make_card({"kind": "file", "file": str(random_weights)}).verified(filled.home, "other")
    same = with_card(other, input=filled.pretrained.card.input)
    assert replace(filled, pretrained=same).cache().folder != filled.cache().folder


def test_fill__budget_too_small(own, monkeypatch):
    """Too small a budget is one line with numbers and remedy; nothing is computed or evicted."""
    budget(monkeypatch, own, 1000)
    rows, before = own.dataset.rows("test"), sorted(own.home.rglob("*.npy"))
    with pytest.raises(StorageError) as error:
        own.fill(rows, FLIPS)
    wanted = r"8 activations of 6 KiB do not fit into the cache: REGRAFT_CACHE_GB is 0\.0\d+; raise it, or choose .*"
    assert re.fullmatch(wanted, str(error.value))
    assert sorted(own.home.rglob("*.npy")) == before


def has_room(prefix, *wanted) -> bool:
    """Whether the prefix finds room."""
    with prefix.reserved(*wanted) as room:
        return room


def test_reserved__only_for_what_is_missing(own, monkeypatch):
    """What is cached needs no room; what is not needs its bytes, no less, and once however often it is named."""
    budget(monkeypatch, own, own.bytes_for(4))
    train, test = own.dataset.rows("train"), own.dataset.rows("test")
    assert has_room(own, (train, FLIPS), (train, PLAIN))
    assert has_room(own, (test, PLAIN))
    assert has_room(own, (test, PLAIN), (own.dataset.rows("test", "val"), PLAIN))
    assert not has_room(own, (test, FLIPS), (test, PLAIN))


def test_reserved__until_it_is_filled(own, monkeypatch):
    """Room that was found stays: another fit that wants it meanwhile is refused, and the first one fills it."""
    budget(monkeypatch, own, own.bytes_for(4))
    rows, rival = own.dataset.rows("test"), replace(own, boundary=2)
    with own.in_use(FLIPS), own.reserved((rows, PLAIN)) as room:
        assert room
        assert not has_room(rival, (rows, PLAIN))
        with pytest.raises(StorageError, match="do not fit into the cache"):
            rival.fill(rows)
        assert own.fill(rows) == 4
    there = sum(file.stat().st_size for file in (own.home / "cache" / "features").rglob("*.npy"))
    assert there <= load_settings().cache_gb * 2**30


def test_bytes_for__as_on_disk(own):
    """It is what new chunks have on disk."""
    rows, folder = own.dataset.rows("test"), own.cache().folder
    before = {path for path in folder.rglob("*") if path.is_file()}
    own.fill(rows)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path not in before)
    assert 0 <= own.bytes_for(4) - size < 512


def test_fill__evicts_what_nobody_uses(own, monkeypatch):
    """An old cache makes room for new views, but neither the plain one nor the views themselves do."""
    folder = own.home / "cache" / "features"
    (folder / "old").mkdir()
    (folder / "old" / "features.npy").write_bytes(bytes(own.bytes_for(8)))
    budget(monkeypatch, own, 1000)
    assert own.fill(own.dataset.rows("test"), FLIPS) == 8
    assert not (folder / "old").exists()
    assert len(own.cache().read(list(own.dataset.rows("train")["hash"]))) == 8


def test_fill__altered_on_disk(own, network, caplog):
    """A chunk that somebody altered is found, said and computed anew."""
    rows = own.dataset.rows("train", "val")
    chunk, place = own.cache().known()[rows["hash"][3]]
    np.load(chunk / "features.npy", mmap_mode="r+")[place] += 1
    assert not close(own.cache().read(list(rows["hash"])), network, own.dataset.samples(rows))
    assert own.fill(rows) == 16
    assert "was altered or damaged" in caplog.text
    assert close(own.cache().read(list(rows["hash"])), network, own.dataset.samples(rows))


def embed(workshop, progress=lambda done, total: None) -> int:
    """Embeds the workshop's data set."""
    prefix = Prefix(workshop.root / ".regraft", workshop.dataset, load_pretrained(workshop.root, SHIPPED), 1)
    return prefix.fill(workshop.dataset.manifest, progress=progress)


def test_fill__whole_data_set_nothing_new(workshop):
    """What is in the cache is not computed again."""
    assert embed(workshop) == 0


def test_fill__whole_data_set_only_new(own_workshop):
    """A sample that was added costs one sample, and the others keep their features."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(hash=[*table["hash"][:-1], "f" * 64]))
    calls = []
    assert embed(own_workshop, lambda done, total: calls.append((done, total))) == 1
    assert calls == [(1, 1)]
