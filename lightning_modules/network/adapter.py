"""What is asked of a library of pretrained networks: a backbone as a chain of stages that can be entered and left.

Boundary 0 is what `prepare` makes of the arrays, boundary k the activation after k stages, the last boundary the
embedding.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from torch import Tensor, nn

from data.specs.transform import Transform
from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Backbone

Step: TypeAlias = tuple[str, Callable[[Tensor], Tensor]]


class Adapter(ABC):
    """A library's networks as Regraft needs them; it holds no state, and each library has a file of its own."""

    libraries: ClassVar[dict[str, type["Adapter"]]] = {}

    def __init_subclass__(cls, *, library: str) -> None:
        """Notes the adapter under its library, as cards name it."""
        super().__init_subclass__()
        cls.libraries[library] = cls

    @abstractmethod
    def create(self, card: Backbone, transform: Transform | None = None, drop_path: float = 0.0) -> nn.Module:
        """The network without weights and without a classifier, for samples of that transform.

        Raises:
            BackboneError: it does not take samples of that shape.
            RecipeError: it has no branches that could be dropped.
        """

    @abstractmethod
    def load_weights(self, backbone: nn.Module, path: Path) -> None:
        """Loads a weight file's tensors; those of the source's classifier are left out.

        Raises:
            BackboneError: the file holds no weights, or those of another network.
        """

    @abstractmethod
    def prepare(self, transform: Transform) -> nn.Module:
        """The module that turns arrays of the transform's spec into what the first stage takes."""

    @abstractmethod
    def features(self, backbone: nn.Module) -> int:
        """Length of the embedding."""

    @abstractmethod
    def steps(self, backbone: nn.Module) -> list[Step]:
        """Names and functions of the stages, first to last.

        They are made anew at each call: a copied network must run its own modules, not those of the original.
        """

    @abstractmethod
    def parameter_stages(self, backbone: nn.Module) -> dict[str, int]:
        """The stage that each parameter belongs to."""

    @abstractmethod
    def maps(self, backbone: nn.Module) -> list[tuple[str, int]]:
        """Modules whose output is a feature map, first to last, with their channels; none where there are no maps."""

    @abstractmethod
    def synchronised(self, backbone: nn.Module) -> nn.Module:
        """The same network with norms that follow the batches of all processes together."""

    def undecayed(self, backbone: nn.Module) -> frozenset[str]:
        """Parameters that the backbone itself exempts from weight decay."""
        named: Any = getattr(backbone, "no_weight_decay", None)
        return frozenset(named()) if callable(named) else frozenset()

    def stages(self, backbone: nn.Module) -> tuple[str, ...]:
        """Names of the stages from the sample to the embedding."""
        return tuple(name for name, _ in self.steps(backbone))

    def run(self, backbone: nn.Module, activation: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """The activation at boundary `last` (the embedding by default) of one at boundary `first`."""
        for _, step in self.steps(backbone)[first:last]:
            activation = step(activation)
        return activation

    def module_stages(self, backbone: nn.Module) -> dict[str, int]:
        """The stage that each module belongs to: that of the parameters below it or, without, below its parent."""
        stages = self.parameter_stages(backbone)
        return {name: _stage_below(name, stages) for name, _ in backbone.named_modules() if name}


def adapter_for(card: Backbone) -> Adapter:
    """The adapter of a card's library.

    Raises:
        BackboneError: there is none.
    """
    import lightning_modules.network.libraries  # noqa: F401 - its files join by being imported

    if card.library not in Adapter.libraries:
        known = ", ".join(Adapter.libraries)
        raise BackboneError(f"library {card.library!r} of {card.architecture} is none of {known}; correct its entry")
    return Adapter.libraries[card.library]()


def _stage_below(name: str, stages: dict[str, int]) -> int:
    below: list[Any] = [stage for parameter, stage in stages.items() if not name or parameter.startswith(f"{name}.")]
    return max(below) if below else _stage_below(name.rpartition(".")[0], stages)
