"""Weight files: named tensors on disk, read without running a line of pickled code."""

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from lightning_modules.errors import BackboneError


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


def tensors_for(wanted: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The given tensors under the wanted names: by name, or in order where another code base named them differently.

    What is over, such as the source's classifier, is left out.
    """
    if wanted.keys() <= given.keys():
        return {name: given[name] for name in wanted}
    return _in_order(wanted, given)


def _in_order(wanted: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Foreign tensors under our names; a pair of different kinds, such as a weight for a bias, is no match."""
    theirs = [name for name in given if "num_batches_tracked" not in name]
    pairs = zip(wanted, theirs, strict=False)  # the source's classifier is over
    return {our: given[their] for our, their in pairs if our.rpartition(".")[2] == their.rpartition(".")[2]}
