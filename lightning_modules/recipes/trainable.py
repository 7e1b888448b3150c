"""Which parameters of a network learn in a phase, and which of its modules behave as in training."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.errors import RecipeError
from lightning_modules.network.network import Network
from lightning_modules.recipes.phase import Phase

_NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm)


def learning_parameters(network: Network, phase: Phase) -> dict[str, int]:
    """Names of the learning parameters of the backbone, with the stage that each belongs to.

    Raises:
        RecipeError: the phase trains a kind of parameter that the backbone has none of.
    """
    if phase.head_alone:
        return {}
    chosen = _SELECTORS[phase.learns](network.backbone)
    found = {
        name: stage
        for name, stage in network.adapter.parameter_stages(network.backbone).items()
        if phase.first <= stage < phase.last and name in chosen
    }
    if not found:
        raise RecipeError(
            f"phase {phase.name!r} trains {phase.learns}, of which {type(network.backbone).__name__} has none "
            f"in stages {phase.first} to {phase.last}; choose another recipe"
        )
    return found


def freeze_rest(network: Network, learning: dict[str, int]) -> None:
    """Lets the named parameters and the head learn, and nothing else."""
    for name, parameter in network.backbone.named_parameters():
        parameter.requires_grad_(name in learning)


def set_modes(network: Network, phase: Phase, *, follow_batches: bool) -> None:
    """Puts learning stages into training mode and frozen ones, with their dropout and norms, out of it.

    With `follow_batches` false BatchNorm keeps its statistics in learning stages too.
    """
    network.backbone.eval()
    stages = network.adapter.module_stages(network.backbone)
    for name, module in network.backbone.named_modules():
        frozen_norm = isinstance(module, _BatchNorm) and not follow_batches
        if name and phase.first <= stages[name] < phase.last and not frozen_norm:
            module.training = True
    network.heads.train()


def _weights(backbone: nn.Module) -> set[str]:
    return {name for name, _ in backbone.named_parameters()}


def _norms(backbone: nn.Module) -> set[str]:
    return {
        f"{name}.{own}"
        for name, module in backbone.named_modules()
        if isinstance(module, _NORMS)
        for own, _ in module.named_parameters(recurse=False)
    }


def _biases(backbone: nn.Module) -> set[str]:
    return {name for name in _weights(backbone) if name.rpartition(".")[2] == "bias"}


def _adapters(backbone: nn.Module) -> set[str]:
    return {name for name in _weights(backbone) if ".lora_" in name}


_SELECTORS = {"weights": _weights, "norms": _norms, "biases": _biases, "adapters": _adapters}
