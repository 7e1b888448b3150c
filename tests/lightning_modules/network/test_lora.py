"""Adapters start as nothing, and end as part of the weights that they stand beside."""

import pytest
import torch
from torch import nn

from lightning_modules.errors import RecipeError
from lightning_modules.network.lora import adapters
from tests.lightning_modules.networks import network

IMAGES = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def embed(net):
    """What the network says of two images."""
    return net.eval().run(IMAGES)


def seeded(family):
    """A network of random weights."""
    torch.manual_seed(0)
    return network(family, size=32)


@pytest.mark.parametrize("family", ["test_vit", "test_resnet", "test_convnext", "test_efficientnet"])
def test_adapters__merged_at_the_end(family):
    """Fresh adapters change nothing; trained ones do, and after the block the plain network says the same."""
    net = seeded(family)
    names, before = set(net.state_dict()), embed(net)
    with adapters(net, 2, 4.0):
        assert torch.allclose(embed(net), before, atol=1e-6)
        for name, value in net.backbone.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(value, std=0.05)
        trained = embed(net)
    assert not torch.allclose(trained, before, atol=1e-3)
    assert torch.allclose(embed(net), trained, atol=1e-4)
    assert set(net.state_dict()) == names


def test_adapters__where_they_stand():
    """Each plain convolution and linear layer has one of the asked rank; depthwise convolutions have none."""
    net = seeded("test_convnext")
    plain = {
        name
        for name, module in net.backbone.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
    }
    assert any(isinstance(module, nn.Conv2d) and module.groups > 1 for module in net.backbone.modules())
    with adapters(net, 3, 4.0):
        found = {name: value for name, value in net.backbone.named_parameters() if "lora_A" in name}
    assert {name.partition(".lora_A")[0] for name in found} == plain
    assert {len(value) for value in found.values()} == {3}


def test_adapters__backbone_takes_none():
    """A backbone of depthwise convolutions alone is one line."""
    net = seeded("test_resnet")
    net.backbone = nn.Conv2d(3, 3, 3, groups=3)
    with pytest.raises(RecipeError, match="^recipe lora: Conv2d has no plain convolution or linear layer; use"):
        adapters(net, 2, 4.0).__enter__()
