"""Where a network looks: heat maps of what speaks for its decision.

Grad-CAM where the backbone has feature maps (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks
via Gradient-Based Localization"), else integrated gradients (Sundararajan et al. 2017, "Axiomatic Attribution for
Deep Networks"). Both are captum's. A heat map says where evidence came from, not that it was good evidence.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam
from torch import Tensor, nn

from data.specs.spec import Array
from lightning_modules.network.network import Network

Floats = npt.NDArray[np.float32]
Method = Literal["Grad-CAM", "integrated gradients"]
SMALLEST_MAP = 4  # a coarser map has no places to tell apart
STEPS = 24  # of the path from the flat image to the sample
BATCH = 8


def explain(network: Network, images: Array) -> tuple[Method, Floats]:
    """Heat [N, H, W] in 0..1 for the decision on each uint8 image [N, H, W, C], and the method it came from.

    Each map is scaled by its own maximum; one without any evidence for the decision is 0 throughout.
    """
    network.eval()
    layer = _last_map(network, torch.from_numpy(images[:1]))
    parts = torch.split(torch.from_numpy(images).float(), BATCH)
    heat = [_integrated(network, part) if layer is None else _grad_cam(network, layer, part) for part in parts]
    joined = torch.cat(heat).clamp_min(0)
    scaled: Floats = (joined / joined.amax((1, 2), keepdim=True).clamp_min(1e-12)).numpy()
    return "integrated gradients" if layer is None else "Grad-CAM", scaled


def _last_map(network: Network, image: Tensor) -> nn.Module | None:
    """The deepest stage whose output is a feature map [N, C, h, w] of at least four by four; None: there is none."""
    backbone: Any = network.backbone
    stages = dict(network.adapter.maps(backbone))
    shapes: dict[str, torch.Size] = {}
    modules = {name: module for name, module in backbone.named_modules() if name in stages}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: output.shape}))
        for name, module in modules.items()
    ]
    with torch.inference_mode():
        network(image)
    for hook in hooks:
        hook.remove()
    fitting = [
        name
        for name, channels in stages.items()
        if len(shapes.get(name, ())) == 4 and shapes[name][1] == channels and min(shapes[name][2:]) >= SMALLEST_MAP
    ]
    return modules[fitting[-1]] if fitting else None


def _grad_cam(network: Network, layer: nn.Module, images: Tensor) -> Tensor:
    images.requires_grad_()  # the weights need no gradient, the map does
    decisions = network.logits(images).argmax(1)
    heat = LayerGradCam(network.logits, layer).attribute(images, decisions, relu_attributions=True)
    found: Tensor = LayerAttribution.interpolate(heat.detach(), tuple(images.shape[1:3]), "bilinear")[:, 0]
    return found


def _integrated(network: Network, images: Tensor) -> Tensor:
    """From an image of its own mean grey: from black, dark evidence such as a crack would count for nothing."""
    flat = images.mean((1, 2), keepdim=True).expand_as(images)
    decisions = network.logits(images).argmax(1)
    gradients = IntegratedGradients(network.logits)
    found: Tensor = gradients.attribute(images, flat, decisions, n_steps=STEPS, internal_batch_size=len(images))
    return found.detach().sum(-1)
