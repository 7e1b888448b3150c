"""A backbone as a chain of stages, so that it can be entered, left and frozen between any two of them.

Boundary 0 is the normalised image, boundary k the activation after k stages, the last boundary the embedding.
"""

from collections.abc import Callable
from functools import partial

from timm.models import group_parameters
from timm.models.convnext import ConvNeXt
from timm.models.efficientnet import EfficientNet
from timm.models.resnet import ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

Step = tuple[str, Callable[[Tensor], Tensor]]


def stage_names(backbone: nn.Module) -> tuple[str, ...]:
    """Names of the stages from the image to the embedding; ("whole",) where the family's own are not known here."""
    return tuple(name for name, _ in _steps(backbone))


def run_stages(backbone: nn.Module, activation: Tensor, first: int = 0, last: int | None = None) -> Tensor:
    """The activation at boundary `last` (the embedding by default) of one at boundary `first`."""
    for _, step in _steps(backbone)[first:last]:
        activation = step(activation)
    return activation


def stage_parameters(backbone: nn.Module) -> dict[str, int]:
    """The stage that each parameter belongs to, by the backbone's own grouping (timm's `group_matcher`)."""
    last = len(_steps(backbone)) - 1
    groups = group_parameters(backbone, backbone.group_matcher(coarse=True), reverse=True)  # type: ignore[operator]
    # What follows the last block (a final norm, the head's convolution) belongs to it.
    return {name: min(group, last) for name, group in groups.items()}


def stage_modules(backbone: nn.Module) -> dict[str, int]:
    """The stage that each module belongs to: that of the parameters below it or, if it has none, below its parent."""
    stages = stage_parameters(backbone)
    return {name: _stage_below(name, stages) for name, _ in backbone.named_modules() if name}


def _stage_below(name: str, stages: dict[str, int]) -> int:
    below = [stage for parameter, stage in stages.items() if not name or parameter.startswith(f"{name}.")]
    return max(below) if below else _stage_below(name.rpartition(".")[0], stages)


def _steps(backbone: nn.Module) -> list[Step]:
    # Made anew at each call: a copied network must run its own modules, not those of the original.
    for family, steps in _FAMILIES.items():
        if isinstance(backbone, family):
            return steps(backbone)
    return [("whole", backbone)]


def _chain(*steps: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return partial(_run, steps)


def _run(steps: tuple[Callable[[Tensor], Tensor], ...], activation: Tensor) -> Tensor:
    for step in steps:
        activation = step(activation)
    return activation


def _ended(steps: list[Step], *end: Callable[[Tensor], Tensor]) -> list[Step]:
    """The steps with what leads from the last block to the embedding made part of the last."""
    name, last = steps[-1]
    return [*steps[:-1], (name, _chain(last, *end))]


def _blocks(name: str, blocks: nn.Module) -> list[Step]:
    return [(f"{name}.{number}", block) for number, block in enumerate(blocks.children())]


def _efficientnet(net: EfficientNet) -> list[Step]:
    steps = [("stem", _chain(net.conv_stem, net.bn1)), *_blocks("blocks", net.blocks)]
    return _ended(steps, net.conv_head, net.bn2, net.forward_head)


def _resnet(net: ResNet) -> list[Step]:
    layers = [(f"layer{number}", getattr(net, f"layer{number}")) for number in range(1, 5)]
    return _ended([("stem", _chain(net.conv1, net.bn1, net.act1, net.maxpool)), *layers], net.forward_head)


def _convnext(net: ConvNeXt) -> list[Step]:
    return _ended([("stem", net.stem), *_blocks("stages", net.stages)], net.norm_pre, net.forward_head)


def _transformer(net: VisionTransformer) -> list[Step]:
    stem = _chain(net.patch_embed, net._pos_embed, net.patch_drop, net.norm_pre)  # noqa: SLF001
    return _ended([("stem", stem), *_blocks("blocks", net.blocks)], net.norm, net.forward_head)


_FAMILIES: dict[type[nn.Module], Callable[..., list[Step]]] = {
    EfficientNet: _efficientnet,
    ResNet: _resnet,
    ConvNeXt: _convnext,
    VisionTransformer: _transformer,
}
