"""Saliency points at what the decision rests on."""

import numpy as np
import pytest
import torch

from lightning_modules.insight.saliency import explain
from lightning_modules.network.network import Network
from tests.lightning_modules.networks import network


def decided(architecture: str, size: int) -> Network:
    """A network of random weights whose head is not zero."""
    torch.manual_seed(0)
    found = network(architecture, size=size).eval()
    torch.nn.init.normal_(found.head("label").linear.weight)
    return found


@pytest.mark.parametrize(
    ("architecture", "method"),
    [
        ("tf_efficientnet_lite0", "Grad-CAM"),
        ("resnet18", "Grad-CAM"),
        ("convnext_atto", "Grad-CAM"),
        ("vit_tiny_patch16_224", "integrated gradients"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_explain__every_family(architecture, method, channels):
    """Heat is in 0..1 and differs between places, for grey and colour and for images too small for the last stage."""
    images = np.random.default_rng(0).integers(0, 255, (2, 32, 32, channels), dtype=np.uint8)
    images[:, 8:20, 4:12] = 250
    found, heat = explain(decided(architecture, 32), images)
    assert found == method
    assert (heat.shape, heat.dtype) == ((2, 32, 32), np.float32)
    assert heat.min() >= 0
    assert heat.max() <= 1
    assert heat.std() > 0


def test_explain__is_grad_cam_of_the_decision():
    """The heat is the map of the deepest stage of 4 x 4 or more, each channel by its mean gradient for the decision."""
    found = decided("resnet18", 64)
    images = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), dtype=np.uint8)
    _, heat = explain(found, images)
    activation = found.run(torch.from_numpy(images), 0, 4).detach().requires_grad_()  # layer3; layer4 is 2 x 2
    logits = found.head("label")(found.run(activation, 4))
    (gradient,) = torch.autograd.grad(logits.max(1).values.sum(), activation)
    summed = (gradient.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True).relu().detach()
    wide = torch.nn.functional.interpolate(summed, (64, 64), mode="bilinear")[:, 0]
    assert heat.max() == 1
    assert np.allclose(heat, wide / wide.amax((1, 2), keepdim=True).clamp_min(1e-12), atol=1e-4)


def test_explain__heat_is_where_the_image_is():
    """Integrated gradients give a flat surrounding nothing, and a patch in it all."""
    images = np.full((1, 32, 32, 1), 90, np.uint8)
    images[:, 4:12, 20:28] = np.random.default_rng(0).integers(150, 255, (1, 8, 8, 1))
    _, heat = explain(decided("vit_tiny_patch16_224", 32), images)
    patch = heat[0, 4:12, 20:28]
    assert patch.mean() > 3 * (heat.sum() - patch.sum()) / (heat.size - patch.size)
