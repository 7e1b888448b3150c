"""The network as it is trained and shipped: a sample's array in, preparation inside, answers and embedding out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from data.specs.transform import Transform
from lightning_modules.hub.backbones import Backbone, Pretrained
from lightning_modules.network.adapter import adapter_for
from lightning_modules.objectives.objective import HeadStyle, Objective, TaskHead


class Network(nn.Module):
    """Preparation, backbone, and a head for each task."""

    def __init__(
        self,
        card: Backbone,
        transform: Transform,
        objectives: Mapping[str, Objective],
        *,
        style: HeadStyle = "linear",
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        """The backbone's weights are random until they are loaded; without objectives there are no heads."""
        super().__init__()
        self.adapter = adapter_for(card)
        self.prepare = self.adapter.prepare(transform)
        self.backbone = self.adapter.create(card, transform, drop_path)
        self.objectives = dict(objectives)
        features = self.adapter.features(self.backbone)
        heads = {_key(name): one.head(features, style, dropout) for name, one in self.objectives.items()}
        self.heads = nn.ModuleDict(heads)
        self.register_load_state_dict_pre_hook(_of_one_head)  # type: ignore[no-untyped-call]

    def head(self, task: str) -> TaskHead:
        """The head of a task."""
        found = self.heads[_key(task)]
        assert isinstance(found, TaskHead)  # noqa: S101 - they were made here
        return found

    def run(self, inputs: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """The activation at boundary `last` (the embedding [N, D] by default) of inputs at boundary `first`.

        Inputs at boundary 0 are arrays of the spec [N, ...].
        """
        activation: Tensor = self.prepare(inputs) if first == 0 else inputs
        return self.adapter.run(self.backbone, channels_last(activation), first, last)

    def answers(self, embedding: Tensor) -> dict[str, Tensor]:
        """What each task is told of embeddings [N, D], at the temperature of its head."""
        heads = {name: self.head(name) for name in self.objectives}
        return {
            name: one.answer(heads[name](embedding), heads[name].temperature) for name, one in self.objectives.items()
        }

    def logits(self, samples: Tensor) -> Tensor:
        """Logits [N, K] of the first task, of arrays [N, ...] in the range of the spec, of whole numbers or not."""
        logits: Tensor = self.head(next(iter(self.objectives)))(self.run(samples))
        return logits

    def forward(self, samples: Tensor) -> tuple[Tensor, ...]:
        """What the package returns: the answer of each task, and last the embedding [N, D]."""
        embedding = self.run(samples)
        return *self.answers(embedding).values(), embedding


def _key(task: str) -> str:
    """A task's name as a module may be called: PyTorch allows no dots, and no names of its own methods."""
    return f"task_{task.replace('.', '_')}"


def _of_one_head(network: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    """Takes weights of earlier releases, whose networks had one head, `head`, and no or one temperature beside it."""
    assert isinstance(network, Network)  # noqa: S101 - it is registered there
    keys = list(network.heads)
    if len(keys) != 1 or not any(name.startswith(f"{prefix}head.") for name in weights):
        return
    head = f"{prefix}heads.{keys[0]}."
    weights[f"{head}temperature"] = weights.pop(f"{prefix}temperature", torch.ones(()))
    for name in [name for name in weights if name.startswith(f"{prefix}head.")]:
        weights[head + name.removeprefix(f"{prefix}head.")] = weights.pop(name)


class FrozenStages(nn.Module):
    """The pretrained stages before a boundary (all of them by default), from arrays to activations."""

    def __init__(self, pretrained: Pretrained, transform: Transform, boundary: int | None) -> None:
        super().__init__()
        self.network, self.boundary = pretrained_network(pretrained, transform, {}), boundary

    def forward(self, samples: Tensor) -> Tensor:
        """The activation at the boundary of arrays [N, ...]."""
        return self.network.run(samples, 0, self.boundary)


def channels_last(activation: Tensor) -> Tensor:
    """Images and feature maps in the memory format that convolutions are fastest in; other activations as they are."""
    return activation.contiguous(memory_format=torch.channels_last) if activation.ndim == 4 else activation


def pretrained_network(
    pretrained: Pretrained, transform: Transform, objectives: Mapping[str, Objective], **options: Any
) -> Network:
    """A network with the backbone's checked weights and fresh heads; options are those of `Network`.

    Raises:
        BackboneError: the weights are those of another network, or the samples' shape does not fit.
    """
    network = Network(pretrained.card, transform, objectives, **options)
    network.adapter.load_weights(network.backbone, Path(pretrained.path))
    return network
