"""Out of memory: one clear line that says which batch size would fit."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lightning_modules.errors import TrainingError
from lightning_modules.inputs.datamodule import PhaseData, Take
from lightning_modules.learning.learner import Learner


@contextmanager
def memory_errors(module: Learner, data: PhaseData, device: torch.device) -> Iterator[None]:
    """Turns a failed allocation into a TrainingError that names the largest batch size that fits."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_shortage(error):
            raise
        size = data.batches.size
        fitting = _fitting(module.to(device), data, size // 2)  # Lightning has moved it away
        remedy = f"a batch of {fitting} fits: set recipe.batch_size to it" if fitting else "not even one sample fits"
        raise TrainingError(
            f"out of memory with recipe.batch_size {size}; {remedy}, choose smaller images or free memory"
        ) from error


def _is_shortage(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "out of memory" in text or "allocate" in text


def _fitting(module: Learner, data: PhaseData, size: int) -> int:
    """The largest of size, size / 2, size / 4 … with which one step can be made; 0: none."""
    while size and not _fits(module, data, size):
        size //= 2
    return size


def _fits(module: Learner, data: PhaseData, size: int) -> bool:
    module.zero_grad(set_to_none=True)
    try:
        batch = data.train[Take(0, list(range(min(size, len(data.train)))))]
        loss = module.batch_loss(module.transfer_batch_to_device(batch, module.device, 0))
        torch.autograd.backward(loss)
    except (MemoryError, RuntimeError) as error:
        if not _is_shortage(error):
            raise
        return False
    finally:
        module.zero_grad(set_to_none=True)
    return True
