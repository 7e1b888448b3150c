"""An adapter: a chain of stages that can be entered and left, whichever library it comes from."""

import pytest
import torch
from torch import nn

from lightning_modules.errors import BackboneError
from lightning_modules.network.adapter import adapter_for
from lightning_modules.network.libraries.timm import TimmAdapter
from tests.lightning_modules.networks import card, network


def test_adapter_for__library_of_the_card():
    """The card names the library; one that nothing knows is refused with those there are."""
    assert isinstance(adapter_for(card("resnet18")), TimmAdapter)
    with pytest.raises(BackboneError, match=r"library 'fancy' of resnet18 is none of .*timm"):
        adapter_for(card("resnet18").model_copy(update={"library": "fancy"}))


@torch.inference_mode()
def test_run__entered_and_left_anywhere():
    """Two parts of the chain give what the whole gives; the stages are as many as their names."""
    adapter, backbone = TimmAdapter(), network("resnet18", size=32).backbone.eval()
    image = torch.rand(1, 3, 32, 32)
    names = adapter.stages(backbone)
    middle = adapter.run(backbone, image, last=2)
    assert torch.equal(adapter.run(backbone, middle, first=2), adapter.run(backbone, image))
    assert len(names) == len(set(names)) == len(adapter.steps(backbone))


def test_module_stages__of_modules_without_parameters():
    """A module belongs to the stage of what lies below it; one without parameters goes with its parent."""

    class Chain(TimmAdapter, library="chain"):
        """Stages by name alone."""

        def parameter_stages(self, backbone):
            """Two stages."""
            return {name: int(name[0]) for name, _ in backbone.named_parameters()}

    backbone = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))
    try:
        assert Chain().module_stages(backbone) == {"0": 0, "0.0": 0, "0.1": 0, "1": 1}
    finally:
        del TimmAdapter.libraries["chain"]
