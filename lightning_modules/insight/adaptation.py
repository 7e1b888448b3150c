"""How far a fit moved the backbone away from what it was pretrained for."""

from pathlib import Path

from data.specs.image import TransformSpec
from lightning_modules.hub.backbones import Backbone
from lightning_modules.insight.forgetting import Forgetting, forgetting, probe_images
from lightning_modules.insight.source_head import load_source_head


def measure_adaptation(root: Path, card: Backbone, transform: TransformSpec, weights: Path) -> Forgetting:
    """Compares the pretrained backbone with the one in a fit's weights.safetensors, on the fixed probe images.

    They are shown at the size that the domain trains at; the source task's own head judges both.
    """
    import torch  # seconds, in a process that may not need it otherwise
    from safetensors.torch import load_file

    from lightning_modules.network.network import pretrained_network

    images = torch.from_numpy(probe_images(transform.image.size))
    network = pretrained_network(root, card, transform, classes=2).eval()
    with torch.inference_mode():
        before = network.embed(images).numpy()
        given = load_file(weights)
        own = {name.removeprefix("backbone."): value for name, value in given.items() if name.startswith("backbone.")}
        network.backbone.load_state_dict(own)
        return forgetting(before, network.embed(images).numpy(), load_source_head(root, card))
