"""Pooled features are computed once for each size, and are what the network says."""

import numpy as np
import pytest
import torch

from data.errors import StorageError
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.insight.pooled_features import PooledFeatures
from lightning_modules.network.network import pretrained_network

SHIPPED = "tf_efficientnet_lite0.imagenet"


@pytest.fixture
def make_pooled(own_workshop):
    """Makes the pooled features of the workshop's data set at a size."""

    def make(size: int, pretrained=None) -> PooledFeatures:
        root = own_workshop.root
        given = pretrained or load_pretrained(root, SHIPPED)
        return PooledFeatures(root / ".regraft", own_workshop.dataset, given, size, 1)

    return make


def test_read__equals_torch_in_the_order_of_rows(make_pooled, own_workshop):
    """At the stored size the embedding is the network's own, row by row, below seven other stages."""
    rows = own_workshop.dataset.rows("val").iloc[::-3]
    found = make_pooled(64).read(rows)
    pretrained = load_pretrained(own_workshop.root, SHIPPED)
    network = pretrained_network(pretrained, pretrained.transform(own_workshop.dataset.spec), {}).eval()
    with torch.inference_mode():
        wanted = network.run(torch.from_numpy(own_workshop.dataset.samples(rows)))
    assert np.allclose(found["embedding"], wanted, atol=1e-3)
    assert [vectors.shape[1] for vectors in found.values()] == [32, 16, 24, 40, 80, 112, 192, 1280]


def test_read__computed_once(make_pooled, own_workshop):
    """A second reading computes nothing, a new sample one, another size all anew."""
    calls = []
    rows = own_workshop.dataset.rows("val")
    first = make_pooled(32).read(rows.iloc[1:])
    again = make_pooled(32).read(rows.iloc[1:], lambda *told: calls.append(told))
    assert calls == []
    assert all(np.array_equal(first[stage], again[stage]) for stage in first)
    make_pooled(32).read(rows, lambda *told: calls.append(told))
    assert calls == [(1, 1)]
    other = make_pooled(48).read(rows.iloc[1:])
    assert not np.allclose(other["embedding"], first["embedding"], atol=1e-2)


def test_read__names_lost(make_pooled, own_workshop):
    """Without the names of the stages the cache is brought in order, not misread."""
    rows = own_workshop.dataset.rows("val")
    before = make_pooled(32).read(rows)
    (make_pooled(32).cache.folder / "stages.json").unlink()
    after = make_pooled(32).read(rows)
    assert {stage: vectors.tolist() for stage, vectors in before.items()} == {
        stage: vectors.tolist() for stage, vectors in after.items()
    }


def test_read__budget_too_small(make_pooled, own_workshop, monkeypatch):
    """A cache that is too small is named with its setting."""
    monkeypatch.setenv("REGRAFT_CACHE_GB", "0.000001")
    with pytest.raises(StorageError, match="REGRAFT_CACHE_GB is 1e-06; raise it or take fewer samples"):
        make_pooled(32).read(own_workshop.dataset.rows("val"))


@pytest.mark.parametrize(
    ("architecture", "size", "reason"),
    [
        ("vit_tiny_patch16_224", 40, "patches of 16 pixels"),
        ("pit_ti_224", 48, r"not run on 48 px \(.*\); rank it at 224"),
    ],
)
def test_read__size_does_not_fit(make_pooled, own_workshop, make_card, architecture, size, reason):
    """A backbone that does not take the size says so, and no half of a cache is left behind."""
    import timm
    from safetensors.torch import save_file

    save_file(timm.create_model(architecture, pretrained=False).state_dict(), own_workshop.root / "net.safetensors")
    card = make_card({"kind": "file", "file": "net.safetensors"})
    inputs = card.input.model_copy(update={"size": 224})
    changed = card.model_copy(update={"architecture": architecture, "input": inputs})
    other = changed.verified(own_workshop.root, "mine")
    with pytest.raises(BackboneError, match=reason):
        make_pooled(size, other).read(own_workshop.dataset.rows("val"))
    assert not make_pooled(size, other).cache.folder.exists()
