"""From stored weights back to the network in torch, for what ONNX Runtime cannot give: gradients."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data.specs.transform import Transform
from data.targets.task import Task
from lightning_modules.hub.backbones import Backbone, load_backbone
from registry.errors import PackageError
from registry.package.package import Package
from settings.machine import load_settings

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

WEIGHTS = "weights.safetensors"


def restore_network(root: Path, package: Package) -> "Network":
    """The network of a verified package, ready to judge on the cores of the settings; its weights need no gradients.

    Raises:
        BackboneError: the hub of the project below `root` does not know the package's backbone.
        PackageError: the weights are those of another network.
    """
    import torch

    torch.set_num_threads(load_settings().cores)
    card = load_backbone(root, package.backbone)
    content, place = package.content(WEIGHTS), package.folder / WEIGHTS
    network = load_network(card, package.transform, package.tasks, place, content)
    return network.requires_grad_(requires_grad=False).eval()


def load_network(
    card: Backbone, transform: Transform, tasks: Mapping[str, Task], weights: Path, content: bytes | None = None
) -> "Network":
    """The network that a weight file holds, with the heads that it was trained with; `content`: its verified bytes.

    Raises:
        PackageError: the weights are those of another network.
    """
    from safetensors.torch import load  # brings torch

    from lightning_modules.network.network import Network
    from lightning_modules.objectives.objective import HeadStyle, objectives_of

    given = load(weights.read_bytes() if content is None else content)
    style: HeadStyle = "cosine" if any(name.endswith(".prototypes") for name in given) else "linear"
    network = Network(card, transform, objectives_of(tasks), style=style)
    try:
        network.load_state_dict(given)
    except RuntimeError as error:  # missing, unknown or of another shape
        reason = str(error).splitlines()[-1].strip()
        raise PackageError(
            f"{weights} does not fit {card.architecture} ({reason}); restore the backbone's entry in backbones.yaml"
        ) from error
    return network
