"""Out of memory is one line that names a batch size that fits."""

import re

import pytest
import torch

from lightning_modules.errors import TrainingError
from lightning_modules.fitting.fit import fit
from lightning_modules.network.libraries.timm import TimmAdapter


@pytest.fixture
def room_for(monkeypatch):
    """Lets torch run out of memory in any step of more than so many samples."""
    run = TimmAdapter.run

    def room_for(samples: int) -> None:
        def run_stages(adapter, backbone, activation, *where):
            if len(activation) > samples:
                torch.empty(2**60, dtype=torch.uint8)
            return run(adapter, backbone, activation, *where)

        monkeypatch.setattr(TimmAdapter, "run", run_stages)

    return room_for


@pytest.mark.parametrize(
    ("samples", "remedy"),
    [(15, "a batch of 8 fits: set recipe.batch_size to it"), (3, "a batch of 2 fits"), (0, "not even one sample fits")],
)
def test_memory_errors__names_what_fits(small, room_for, samples, remedy):
    """Torch's own error becomes one line with the largest half, quarter … of the batch with which a step succeeds."""
    room_for(samples)
    with pytest.raises(TrainingError) as error:
        fit(small("fit", "full", batch_size=16))
    wanted = (
        rf"out of memory with recipe.batch_size 16; {re.escape(remedy)}[^\n]*, choose smaller images or free memory"
    )
    assert re.fullmatch(wanted, str(error.value))


def test_memory_errors__other_faults_pass(small, monkeypatch):
    """A fault that has nothing to do with memory is not renamed."""

    def broken(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(TimmAdapter, "run", broken)
    with pytest.raises(RuntimeError, match="^shapes do not fit$"):
        fit(small("fit", "full"))
