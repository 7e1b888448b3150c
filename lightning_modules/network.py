"""The network as it is trained and shipped: uint8 pixels in, normalisation inside, logits and embedding out."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from data.transforms import TransformSpec
from lightning_modules.errors import BackboneError
from lightning_modules.hub import Backbone

try:
    import timm
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


class Head(nn.Module):
    """A linear layer over standardised features; `standardise` sets the statistics from training features."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.linear = nn.Linear(features, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def standardise(self, features: Tensor) -> None:
        """Takes mean and standard deviation from features [N, D] of the training split."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_(features.std(0).clamp_min(1e-6))

    def forward(self, features: Tensor) -> Tensor:
        """Logits [N, K]."""
        logits: Tensor = self.linear((features - self.mean) / self.scale)
        return logits


class Network(nn.Module):
    """Normalisation, backbone and one head."""

    def __init__(self, architecture: str, classes: int, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.normalise = Normalise(mean, std)
        self.backbone = timm.create_model(architecture, pretrained=False, num_classes=0)
        self.head = Head(int(str(self.backbone.num_features)), classes)

    def embed(self, images: Tensor) -> Tensor:
        """Penultimate features [N, D] of uint8 images [N, H, W, C]."""
        pixels = self.normalise(images).contiguous(memory_format=torch.channels_last)
        features: Tensor = self.backbone(pixels)
        return features

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities [N, K] and embedding [N, D]: what the package returns."""
        embedding = self.embed(images)
        return torch.softmax(self.head(embedding), dim=1), embedding


def pretrained_network(root: Path, card: Backbone, transform: TransformSpec, classes: int) -> Network:
    """A network with the backbone's checked weights and a fresh head.

    Raises:
        BackboneError: the weights are missing, altered, or those of another network.
    """
    path, _ = card.weights(root)
    network = Network(card.architecture, classes, transform.mean, transform.std)
    load_weights(network.backbone, path)
    return network


def load_weights(backbone: nn.Module, path: Path) -> None:
    """Loads a backbone's weights by name, or in order where another code base named the same tensors differently.

    The source's classifier is left out. No pickled code is ever run.

    Raises:
        BackboneError: the tensors do not fit the network.
    """
    given = _read(path)
    wanted = {name: value for name, value in backbone.state_dict().items() if "num_batches_tracked" not in name}
    if not wanted.keys() <= given.keys():
        given = _in_order(wanted, given)
    wrong = [name for name, value in wanted.items() if name not in given or given[name].shape != value.shape]
    if wrong:
        raise BackboneError(
            f"{path} does not fit the network: {wrong[0]} and {len(wrong) - 1} more; name its true architecture"
        )
    backbone.load_state_dict({name: given[name] for name in wanted}, strict=False)


def _in_order(wanted: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Foreign tensors under our names; a pair of different kinds, such as a weight for a bias, is no match."""
    theirs = [name for name in given if "num_batches_tracked" not in name]
    pairs = zip(wanted, theirs, strict=False)  # the source's classifier is over
    return {our: given[their] for our, their in pairs if our.rpartition(".")[2] == their.rpartition(".")[2]}


def _read(path: Path) -> dict[str, Tensor]:
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
