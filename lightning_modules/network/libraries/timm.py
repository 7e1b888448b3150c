"""timm: image networks, cut into stages by family."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.specs.image import ImageTransform
from data.specs.transform import Transform
from lightning_modules.errors import BackboneError, RecipeError
from lightning_modules.hub.backbones import Backbone
from lightning_modules.hub.weights import read_weights, tensors_for
from lightning_modules.network.adapter import Adapter, Step

try:
    import timm
    from timm.layers.norm_act import convert_sync_batchnorm
    from timm.models import group_parameters
    from timm.models.convnext import ConvNeXt
    from timm.models.efficientnet import EfficientNet
    from timm.models.resnet import ResNet
    from timm.models.vision_transformer import VisionTransformer
except (RuntimeError, ImportError) as _error:  # timm needs torchvision's operators, which must be built for this torch
    raise BackboneError(
        f"torchvision does not fit torch {torch.__version__} ({str(_error).splitlines()[0]}); install both from one "
        "place, as `make .venv` does: uv pip install -c constraints.txt torch torchvision"
    ) from _error


POSITIONS = ("pos_embed", "relative_position_bias_table")  # learned for the grid of one side
# Modules of timm whose networks are built for one side.
SIZED = ("vision_transformer", "deit", "swin_transformer", "swin_transformer_v2", "beit", "eva")


class TimmAdapter(Adapter, library="timm"):
    """Image networks of timm; a family that is not known here is one stage as a whole."""

    def create(self, card: Backbone, transform: Transform | None = None, drop_path: float = 0.0) -> nn.Module:
        """The network; transformers must know the images' side, by default that of their pretraining."""
        size = transform.spec.shape[0] if transform is not None else None
        options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
        if any(card.architecture in timm.list_models(module=module) for module in SIZED):
            options["img_size"] = size
        try:
            backbone = timm.create_model(card.architecture, pretrained=False, num_classes=0, **options)
        except TypeError as error:
            raise RecipeError(
                f"{card.architecture} has no drop_path: its blocks are no branches; use dropout"
            ) from error
        if size is not None:
            _check_size(backbone, card.architecture, size)
        found: nn.Module = backbone
        return found

    def load_weights(self, backbone: nn.Module, path: Path) -> None:
        """By name, or in order where another code base named the same tensors differently."""
        wanted = {name: value for name, value in backbone.state_dict().items() if "num_batches_tracked" not in name}
        given = _resampled(backbone, tensors_for(wanted, read_weights(path)))
        wrong = [name for name, value in wanted.items() if name not in given or given[name].shape != value.shape]
        if wrong:
            raise BackboneError(
                f"{path} does not fit the network: {wrong[0]} and {len(wrong) - 1} more; name its true architecture"
            )
        backbone.load_state_dict({name: given[name] for name in wanted}, strict=False)

    def prepare(self, transform: Transform) -> nn.Module:
        """Normalisation."""
        assert isinstance(transform, ImageTransform)  # noqa: S101 - cards of this library take images
        return Normalise(transform.mean, transform.std)

    def features(self, backbone: nn.Module) -> int:
        """Length of the embedding."""
        return int(str(backbone.num_features))

    def steps(self, backbone: nn.Module) -> list[Step]:
        """The family's own stages, or the whole network."""
        for family, steps in _FAMILIES.items():
            if isinstance(backbone, family):
                return steps(backbone)
        return [("whole", backbone)]

    def parameter_stages(self, backbone: nn.Module) -> dict[str, int]:
        """By the backbone's own grouping (timm's `group_matcher`)."""
        last = len(self.steps(backbone)) - 1
        groups = group_parameters(backbone, backbone.group_matcher(coarse=True), reverse=True)  # type: ignore[operator]
        # What follows the last block (a final norm, the head's convolution) belongs to it.
        return {name: min(group, last) for name, group in groups.items()}

    def maps(self, backbone: nn.Module) -> list[tuple[str, int]]:
        """The stages that timm lists."""
        found: Any = getattr(backbone, "feature_info", [])
        return [(str(one["module"]), int(one["num_chs"])) for one in getattr(found, "info", found)]

    def synchronised(self, backbone: nn.Module) -> nn.Module:
        """By timm's conversion: Lightning's own would drop the activations that timm's BatchNorm layers hold."""
        converted: nn.Module = convert_sync_batchnorm(backbone)  # type: ignore[no-untyped-call]
        return converted


class Normalise(nn.Module):
    """uint8 [N, H, W, C] to float32 [N, 3, H, W]; a grey channel is repeated."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images."""
        pixels = images.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
        return (pixels - self.mean) / self.std


def _check_size(backbone: nn.Module, architecture: str, size: int) -> None:
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", (1, 1))[0]
    if size % patch:
        fitting = sorted({max(patch, size // patch * patch), (size // patch + 1) * patch})
        raise BackboneError(
            f"{architecture} cuts images into patches of {patch} pixels, data.transform.size is {size}; "
            f"choose {' or '.join(map(str, fitting))}"
        )


def _resampled(backbone: nn.Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """A transformer's position embeddings and bias tables brought to the images' side, as timm does for its family.

    Other tensors stay as they are, so that a file of another network is still found out by its shapes.
    """
    module = sys.modules[type(backbone).__module__]
    if module.__name__.rpartition(".")[2] not in SIZED or "patch_embed.proj.weight" not in given:
        return given
    fitted: dict[str, Tensor] = module.checkpoint_filter_fn(dict(given), backbone)
    return {name: fitted.get(name, value) if name.endswith(POSITIONS) else value for name, value in given.items()}


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
