"""What a backbone says at every boundary is what its own modules say."""

import pytest
import torch

from lightning_modules.insight.pooling import StagePools
from tests.lightning_modules.networks import network


@pytest.fixture
def images() -> torch.Tensor:
    """Two images of grey noise."""
    return torch.randint(0, 256, (2, 32, 32, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_stage_pools__convolutions(images):
    """Each vector is the mean over the positions of that stage's output, and the last is the embedding."""
    made = network("tf_efficientnet_lite0").eval()
    seen = []
    made.backbone.blocks[2].register_forward_hook(lambda module, given, output: seen.append(output))
    pools = StagePools(made)
    with torch.inference_mode():
        found = dict(zip(pools.names, pools(images), strict=True))
        assert torch.equal(found["embedding"], made.run(images))
    assert list(found)[:2] == ["stem", "blocks.0"]
    assert torch.allclose(found["blocks.2"], seen[0].mean((2, 3)))


def test_stage_pools__tokens(images):
    """A transformer's tokens are averaged to one vector."""
    pools = StagePools(network("vit_tiny_patch16_224", size=images.shape[1]).eval())
    with torch.inference_mode():
        found = pools(images)
    assert {vector.shape for vector in found} == {(2, 192)}
    assert len(found) == 13
