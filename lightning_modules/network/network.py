"""The network as it is trained and shipped: uint8 pixels in, normalisation inside, logits and embedding out."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import torch
from torch import Tensor, nn

from data.specs.image import TransformSpec
from lightning_modules.errors import BackboneError, RecipeError
from lightning_modules.hub.backbones import Backbone
from lightning_modules.objectives.heads import CosineHead, Head

try:
    import timm
    from timm.layers.pos_embed import resample_abs_pos_embed

    from lightning_modules.network.stages import run_stages
except (RuntimeError, ImportError) as _error:  # timm needs torchvision's operators, which must be built for this torch
    raise BackboneError(
        f"torchvision does not fit torch {torch.__version__} ({str(_error).splitlines()[0]}); install both from one "
        "place, as `make .venv` does: uv pip install -c constraints.txt torch torchvision"
    ) from _error


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


class Network(nn.Module):
    """Normalisation, backbone, one head and the temperature that its logits are divided by.

    Training leaves the temperature at 1; packaging sets it. Weights of an earlier release have none: it is 1 then.
    """

    head: Head | CosineHead

    def __init__(
        self,
        architecture: str,
        classes: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        *,
        size: int | None = None,
        head: Literal["linear", "cosine"] = "linear",
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        """`size` is the images' side, which transformers must know; by default that of their pretraining."""
        super().__init__()
        self.normalise = Normalise(mean, std)
        self.backbone = _create(architecture, size, drop_path)
        features = int(str(self.backbone.num_features))
        self.head = Head(features, classes, dropout) if head == "linear" else CosineHead(features, classes)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))
        self.register_load_state_dict_pre_hook(_untempered)  # type: ignore[no-untyped-call]

    def run(self, inputs: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """The activation at boundary `last` (the embedding [N, D] by default) of inputs at boundary `first`.

        Inputs at boundary 0 are uint8 images [N, H, W, C].
        """
        activation = self.normalise(inputs) if first == 0 else inputs
        return run_stages(self.backbone, channels_last(activation), first, last)

    def embed(self, images: Tensor) -> Tensor:
        """Penultimate features [N, D] of uint8 images [N, H, W, C]."""
        return self.run(images)

    def logits(self, images: Tensor) -> Tensor:
        """Logits [N, K] of images [N, H, W, C] in 0..255, of whole numbers or not."""
        logits: Tensor = self.head(self.embed(images))
        return logits

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [N, K] and embedding [N, D]: what the package returns."""
        embedding = self.embed(images)
        return torch.softmax(self.head(embedding) / self.temperature, dim=1), embedding


def _untempered(network: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    weights.setdefault(f"{prefix}temperature", torch.ones(()))


class FrozenStages(nn.Module):
    """The pretrained stages before a boundary (all of them by default), from images to activations."""

    def __init__(self, root: Path, card: Backbone, transform: TransformSpec, boundary: int | None) -> None:
        super().__init__()
        self.network, self.boundary = pretrained_network(root, card, transform, classes=2), boundary

    def forward(self, images: Tensor) -> Tensor:
        """The activation at the boundary of uint8 images [N, H, W, C]."""
        return self.network.run(images, 0, self.boundary)


def channels_last(activation: Tensor) -> Tensor:
    """Images and feature maps in the memory format that convolutions are fastest in; other activations as they are."""
    return activation.contiguous(memory_format=torch.channels_last) if activation.ndim == 4 else activation


def _create(architecture: str, size: int | None, drop_path: float) -> nn.Module:
    options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
    if architecture in timm.list_models(module="vision_transformer"):
        options["img_size"] = size
    try:
        return timm.create_model(architecture, pretrained=False, num_classes=0, **options)
    except TypeError as error:
        raise RecipeError(f"{architecture} has no drop_path: its blocks are no branches; use dropout") from error


def pretrained_network(
    root: Path,
    card: Backbone,
    transform: TransformSpec,
    classes: int,
    *,
    head: Literal["linear", "cosine"] = "linear",
    dropout: float = 0.0,
    drop_path: float = 0.0,
) -> Network:
    """A network with the backbone's checked weights and a fresh head.

    Raises:
        BackboneError: the weights are missing, altered, or those of another network, or the image's size does not fit.
    """
    path, _ = card.weights(root)
    size = transform.image.size
    options: dict[str, Any] = {"size": size, "head": head, "dropout": dropout, "drop_path": drop_path}
    network = Network(card.architecture, classes, transform.mean, transform.std, **options)
    _check_size(network.backbone, card.architecture, size)
    load_weights(network.backbone, path)
    return network


def _check_size(backbone: nn.Module, architecture: str, size: int) -> None:
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", (1, 1))[0]
    if size % patch:
        fitting = sorted({max(patch, size // patch * patch), (size // patch + 1) * patch})
        raise BackboneError(
            f"{architecture} cuts images into patches of {patch} pixels, data.transform.size is {size}; "
            f"choose {' or '.join(map(str, fitting))}"
        )


def load_weights(backbone: nn.Module, path: Path) -> None:
    """Loads a backbone's weights by name, or in order where another code base named the same tensors differently.

    The source's classifier is left out. No pickled code is ever run.

    Raises:
        BackboneError: the tensors do not fit the network.
    """
    given = read_weights(path)
    wanted = {name: value for name, value in backbone.state_dict().items() if "num_batches_tracked" not in name}
    if not wanted.keys() <= given.keys():
        given = _in_order(wanted, given)
    given = _resampled(backbone, given)
    wrong = [name for name, value in wanted.items() if name not in given or given[name].shape != value.shape]
    if wrong:
        raise BackboneError(
            f"{path} does not fit the network: {wrong[0]} and {len(wrong) - 1} more; name its true architecture"
        )
    backbone.load_state_dict({name: given[name] for name in wanted}, strict=False)


def _resampled(backbone: Any, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """A transformer's position embedding brought to the grid of other images than it was pretrained on."""
    positions = given.get("pos_embed")
    if positions is None or not hasattr(backbone, "patch_embed") or positions.shape == backbone.pos_embed.shape:
        return given
    grid, prefix = backbone.patch_embed.grid_size, backbone.num_prefix_tokens
    return {**given, "pos_embed": resample_abs_pos_embed(positions, list(grid), num_prefix_tokens=prefix)}


def _in_order(wanted: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Foreign tensors under our names; a pair of different kinds, such as a weight for a bias, is no match."""
    theirs = [name for name in given if "num_batches_tracked" not in name]
    pairs = zip(wanted, theirs, strict=False)  # the source's classifier is over
    return {our: given[their] for our, their in pairs if our.rpartition(".")[2] == their.rpartition(".")[2]}


def read_weights(path: Path) -> dict[str, Tensor]:
    """The named tensors of a weight file, on the CPU; no pickled code is ever run.

    Raises:
        BackboneError: the file holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, SafetensorError, UnpicklingError) as error:
        raise BackboneError(f"{path} is no weight file ({type(error).__name__}); restore it") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise BackboneError(f"{path} is no weight file (it holds more than named tensors); save its state dict alone")
    return loaded
