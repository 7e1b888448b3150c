"""Features are computed once, by what was said to compute them."""

import numpy as np
import pytest
import torch

from data.stores.manifest import read_table, write_table
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.inputs.activations import Prefix, embed
from lightning_modules.network.network import pretrained_network

SHIPPED = "tf_efficientnet_lite0.imagenet"


def run(workshop, progress=lambda done, total: None) -> int:
    """Embeds the workshop's data set."""
    card = load_backbone(workshop.root, SHIPPED)
    return embed(workshop.root, workshop.root / ".regraft", workshop.dataset, card, 1, progress)


def test_embed__nothing_new(workshop):
    """What is in the cache is not computed again."""
    assert run(workshop) == 0


def test_embed__only_new(own_workshop):
    """A sample that was added costs one sample, and the others keep their features."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(hash=[*table["hash"][:-1], "f" * 64]))
    calls = []
    assert run(own_workshop, lambda done, total: calls.append((done, total))) == 1
    assert calls == [(1, 1)]


def test_embed__equals_torch(workshop):
    """The cache holds what torch computes from the same pixels, to 1e-3."""
    card = load_backbone(workshop.root, SHIPPED)
    rows = workshop.dataset.rows("val")
    cache = Prefix(workshop.root, workshop.root / ".regraft", workshop.dataset, card, 1).cache()
    network = pretrained_network(workshop.root, card, card.transform(workshop.dataset.spec), classes=2).eval()
    with torch.inference_mode():
        wanted = network.embed(torch.from_numpy(workshop.dataset.images(rows)))
    assert np.allclose(cache.read(list(rows["hash"])), wanted, atol=1e-3)


def test_embed__weights_missing(workshop, make_card):
    """Missing weights are found before anything is computed, even where all features are cached."""
    with pytest.raises(BackboneError, match="missing"):
        card = make_card({"kind": "file", "file": "gone.pth"})
        embed(workshop.root, workshop.root / ".regraft", workshop.dataset, card, 1)
