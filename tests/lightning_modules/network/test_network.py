"""The network: real ImageNet weights in the right places, and only weights."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_sample_image
from torch import nn

from data.specs.image import ImageSpec
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.network.libraries import timm as module
from lightning_modules.network.libraries.timm import Normalise
from lightning_modules.network.network import FrozenStages, Network, channels_last, pretrained_network
from tests.lightning_modules.networks import network, objectives

SHIPPED, VIT = "tf_efficientnet_lite0.imagenet", "vit_tiny_patch16_224"
PALACE, DAISY = 698, 985


@pytest.fixture(scope="module")
def pretrained() -> Network:
    """The shipped backbone with its real weights."""
    found = load_pretrained(Path(), SHIPPED)
    return pretrained_network(found, found.transform(ImageSpec()), objectives()).eval()


@pytest.mark.parametrize(("name", "expected"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_pretrained_network__sees_what_imagenet_taught(pretrained, name, expected):
    """With the classifier of the same file on top, the features of a photograph name what it shows."""
    path = load_pretrained(Path(), SHIPPED).path
    *_, weight, bias = torch.load(path, weights_only=True).values()
    photograph = load_sample_image(name)
    cut = photograph[:, 106:533] if photograph.shape[1] == 640 else photograph
    from PIL import Image

    pixels = np.asarray(Image.fromarray(cut).resize((224, 224), Image.Resampling.BICUBIC))
    with torch.inference_mode():
        features = pretrained.run(torch.from_numpy(pixels.copy())[None])
    assert int((features @ weight.T + bias).argmax()) == expected


def test_pretrained_network__safetensors_under_own_names(tmp_path, make_card, random_weights):
    """Tensors under timm's names go where their names say, whatever their order in the file."""
    backwards = dict(reversed(load_file(random_weights).items()))
    save_file(backwards, tmp_path / "model.safetensors")
    card = make_card({"kind": "file", "file": "model.safetensors"})
    given = card.verified(tmp_path, "mine")
    found = pretrained_network(given, given.transform(ImageSpec(size=64)), {}).backbone.state_dict()
    assert all(torch.equal(value, backwards[name]) for name, value in found.items())


def test_normalise__grey_and_colour():
    """Pixels come to (x / 255 - mean) / std; a grey channel is repeated three times."""
    grey = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2, 1)
    found = Normalise((0.5, 0.4, 0.3), (0.5, 0.2, 0.1))(grey)
    assert found.shape == (1, 3, 1, 2)
    assert torch.allclose(found[0, :, 0], torch.tensor([[-1.0, 1.0], [-2.0, 3.0], [-3.0, 7.0]]), atol=1e-5)


def test_run__parts_are_the_whole(pretrained):
    """Left at a boundary and entered again, from uint8 pixels on, it is the embedding."""
    images = torch.randint(0, 256, (2, 64, 64, 1), dtype=torch.uint8)
    with torch.inference_mode():
        activation = pretrained.run(images, 0, 4)
        assert activation.shape == (2, 40, 8, 8)
        assert torch.equal(pretrained.run(activation, 4), pretrained.run(images))
        probabilities, embedding = pretrained(images)
    assert torch.equal(embedding, pretrained.run(images))
    assert torch.allclose(probabilities.sum(1), torch.ones(2))


def test_frozen_stages__pretrained(pretrained):
    """What is exported for the cache is the pretrained network up to the boundary."""
    found, images = load_pretrained(Path(), SHIPPED), torch.randint(0, 256, (2, 32, 32, 1), dtype=torch.uint8)
    frozen = FrozenStages(found, found.transform(ImageSpec(size=32)), 3).eval()
    with torch.inference_mode():
        assert torch.equal(frozen(images), pretrained.run(images, 0, 3))


def test_channels_last__maps_alone():
    """Feature maps change their order in memory, tokens and features nothing at all."""
    maps, tokens = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4)
    assert channels_last(maps).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(channels_last(maps), maps)
    assert channels_last(tokens) is tokens


@pytest.fixture
def vit(tmp_path, make_card):
    """A transformer's weights as they are after pretraining at 224 pixels, its hub entry and its folder."""
    torch.manual_seed(0)
    backbone = network(VIT).backbone
    save_file(backbone.state_dict(), tmp_path / "vit.safetensors")
    card = make_card({"kind": "file", "file": "vit.safetensors"}).model_copy(update={"architecture": VIT})
    return tmp_path, card, backbone


@pytest.mark.parametrize(("size", "remedy"), [(40, "32 or 48"), (15, "16"), (225, "224 or 240")])
def test_pretrained_network__image_does_not_fit_the_patches(vit, size, remedy):
    """A side that is no multiple of the patch is one line with those that are."""
    root, card, _ = vit
    wanted = f"^{VIT} cuts images into patches of 16 pixels, data.transform.size is {size}; choose {remedy}$"
    with pytest.raises(BackboneError, match=wanted):
        pretrained_network(card.verified(root, VIT), card.input.transform(ImageSpec(size=size)), {})


@pytest.mark.parametrize("size", [32, 224, 256])
def test_pretrained_network__transformer_at_any_size(vit, size):
    """The position embedding is brought to the image's grid, as timm does it, and nothing else changes."""
    root, card, backbone = vit
    found = pretrained_network(card.verified(root, VIT), card.input.transform(ImageSpec(size=size)), {}).backbone
    backbone.set_input_size(size)
    for name, value in backbone.state_dict().items():
        assert torch.equal(found.state_dict()[name], value), name
    with torch.inference_mode():
        assert found.eval()(torch.zeros(1, 3, size, size)).shape == (1, 192)


def test_network__drop_path():
    """The rate reaches the backbone, growing with depth; without it there is none."""
    rates = [
        layer.drop_prob
        for layer in network("test_convnext", drop_path=0.2).modules()
        if type(layer).__name__ == "DropPath"
    ]
    assert rates == sorted(rates)
    assert max(rates) == pytest.approx(0.2)
    plain = network("test_convnext")
    assert not [layer for layer in plain.modules() if type(layer).__name__ == "DropPath"]


def test_import__torchvision_does_not_fit(monkeypatch):
    """Operators built for another torch are one line with the remedy."""
    monkeypatch.setitem(sys.modules, "timm", None)
    spec = importlib.util.spec_from_file_location("network_again", module.__file__)
    with pytest.raises(BackboneError, match="torchvision does not fit torch .*uv pip install"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.mark.parametrize("head", ["linear", "cosine"])
def test_forward__temperature(head):
    """The temperature divides the logits of either head, and is kept with the weights."""
    torch.manual_seed(0)
    made = network("test_efficientnet", classes=3, style=head).eval()
    for value in made.head("label").state_dict().values():
        nn.init.uniform_(value)
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    again = network("test_efficientnet", classes=3, style=head).eval()
    made.head("label").temperature.fill_(2.5)
    again.load_state_dict(made.state_dict())
    with torch.inference_mode():
        wanted = torch.softmax(made.logits(images) / 2.5, dim=1)
        assert torch.allclose(made(images)[0], wanted)
        assert torch.equal(again(images)[0], made(images)[0])


def test_load_state_dict__of_an_earlier_release():
    """One head beside its temperature, or none, is taken as it is meant; anything that is missing is refused."""
    made, key = network("test_efficientnet"), "heads.task_label."
    old = {name.replace(key, "head."): value for name, value in made.state_dict().items()}
    del old["head.temperature"]
    made.head("label").temperature.fill_(3.0)
    made.load_state_dict(dict(old))
    assert made.head("label").temperature == 1
    made.load_state_dict({**old, "temperature": torch.tensor(2.0)})
    assert made.head("label").temperature == 2
    del old["head.mean"]
    with pytest.raises(RuntimeError, match=r"heads\.task_label\.mean"):
        made.load_state_dict(old)
