"""The classifier beside the backbone is found in files of both kinds, and is the right one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_sample_image

from data.specs.image import ImageSpec
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.insight.source_head import load_source_head
from lightning_modules.network.network import pretrained_network

PALACE, DAISY = 698, 985


def test_load_source_head__names_photographs():
    """Over the shipped backbone's features it gives photographs their ImageNet class, in probabilities."""
    pretrained = load_pretrained(Path(), "tf_efficientnet_lite0.imagenet")
    head = load_source_head(pretrained)
    network = pretrained_network(pretrained, pretrained.transform(ImageSpec()), {}).eval()
    photographs = [load_sample_image(name)[:, 106:533] for name in ("china.jpg", "flower.jpg")]
    pixels = np.stack([np.asarray(Image.fromarray(one).resize((224, 224), 3)) for one in photographs])
    with torch.inference_mode():
        probabilities = head.probabilities(network.run(torch.from_numpy(pixels)).numpy())
    assert probabilities.argmax(axis=1).tolist() == [PALACE, DAISY]
    assert probabilities.shape == (2, 1000)
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_load_source_head__own_names(tmp_path, make_card, random_weights):
    """In a timm file, whose tensors come in any order, it is what the backbone leaves over."""
    save_file(dict(reversed(load_file(random_weights).items())), tmp_path / "model.safetensors")
    head = load_source_head(make_card({"kind": "file", "file": "model.safetensors"}).verified(tmp_path, "mine"))
    assert np.array_equal(head.weight, load_file(random_weights)["classifier.weight"])
    assert head.bias.shape == (1000,)


@pytest.mark.parametrize("prefix", ["", "net."])
def test_load_source_head__among_other_matrices(tmp_path, make_card, prefix):
    """A transformer is full of matrices of the embedding's length; the head is the one that the backbone leaves."""
    import timm

    tensors = timm.create_model("vit_tiny_patch16_224", pretrained=False).state_dict()
    torch.save({prefix + name: value for name, value in tensors.items()}, tmp_path / "vit.pth")
    card = make_card({"kind": "file", "file": "vit.pth"}).model_copy(update={"architecture": "vit_tiny_patch16_224"})
    assert np.array_equal(load_source_head(card.verified(tmp_path, "mine")).weight, tensors["head.weight"])


@pytest.mark.parametrize("foreign", [False, True])
def test_load_source_head__file_without_one(tmp_path, make_card, random_weights, foreign):
    """A backbone alone, under timm's or other names, has no source head."""
    import timm

    order = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).state_dict()
    alone = {f"net.{name}" if foreign else name: load_file(random_weights)[name] for name in order}
    torch.save(alone, tmp_path / "model.pth")
    assert load_source_head(make_card({"kind": "file", "file": "model.pth"}).verified(tmp_path, "mine")) is None
