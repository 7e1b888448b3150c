"""LoRA adapters by peft: put into a backbone for a phase, merged into its weights afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from lightning_modules.errors import RecipeError
from lightning_modules.network.network import Network


@contextmanager
def adapters(network: Network, rank: int, alpha: float) -> Iterator[None]:
    """Puts low-rank adapters beside every plain convolution and linear layer; merges them when the block ends well.

    Depthwise convolutions are passed over, since their kernels have no rank to lower, and so are those that pad by the
    input's size.

    Raises:
        RecipeError: the backbone has no layer that takes an adapter.
    """
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    targets = [name for name, module in network.backbone.named_modules() if _takes_adapter(module)]
    if not targets:
        raise RecipeError(
            f"recipe lora: {type(network.backbone).__name__} has no plain convolution or linear layer; use partial"
        )
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, lora_dropout=0.0)  # type: ignore[arg-type]
    tuned = LoraModel(network.backbone, {"default": config}, "default")
    yield
    network.backbone = tuned.merge_and_unload()


def _takes_adapter(module: nn.Module) -> bool:
    return type(module) is nn.Linear or (type(module) is nn.Conv2d and module.groups == 1)
