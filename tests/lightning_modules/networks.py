"""Networks of random weights, as tests of training want them: any architecture of timm, one task of some classes."""

from typing import Any

from data.specs.image import ImageSpec, ImageTransform
from data.targets.classification import ClassificationTask
from lightning_modules.hub.backbones import Backbone
from lightning_modules.network.network import Network
from lightning_modules.objectives.objective import Objective, objectives_of

HALF = (0.5, 0.5, 0.5)


def objectives(classes: int = 2) -> dict[str, Objective]:
    """What is learned: the task `label`."""
    return objectives_of({"label": ClassificationTask(classes=tuple(f"class {number}" for number in range(classes)))})


def card(architecture: str, source: str = "none") -> Backbone:
    """A hub entry of an architecture; its weights lie in a file."""
    content = {"kind": "image", "size": 224, "crop": 1.0, "interpolation": "bicubic", "mean": HALF, "std": HALF}
    return Backbone.model_validate({
        "architecture": architecture, "source": {"kind": "file", "file": source}, "revision": "1",
        "licence": "Apache-2.0", "input": content,
    })  # fmt: skip


def network(architecture: str, *, size: int = 224, classes: int = 2, **options: Any) -> Network:
    """A network for images of that side; options are those of `Network`."""
    transform = ImageTransform(image=ImageSpec(size=size), mean=HALF, std=HALF)
    return Network(card(architecture), transform, objectives(classes), **options)
