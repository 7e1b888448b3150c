"""What several processes are refused, and what keeps a network the same on several GPUs."""

import json

import pytest
import torch
from torch.nn import SyncBatchNorm

from lightning_modules.errors import RecipeError
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.trainer import check_devices, device_options
from lightning_modules.recipes import FullRecipe


def devices(config, **trainer):
    """A configuration of a fit on other devices."""
    changed = {**config.model_dump(mode="json"), "trainer": trainer}
    return type(config).model_validate_json(json.dumps(changed))


@pytest.fixture
def two(small):
    """Makes a configuration with two processes."""
    return lambda **trainer: devices(small("none", "full", epochs=1), devices=2, **trainer)


def test_check_devices__batch_statistics_on_cpus(two):
    """Each CPU process would follow its own part of a batch: refused in one line, unless the statistics are frozen."""
    recipe = FullRecipe(kind="full")
    with pytest.raises(RecipeError, match="batch_norm `train` on several CPU processes.*set batch_norm to frozen"):
        check_devices(two(accelerator="cpu"), recipe, batch_statistics=True)
    check_devices(two(accelerator="cpu"), recipe, batch_statistics=False)
    check_devices(two(accelerator="gpu"), recipe, batch_statistics=True)


@pytest.mark.parametrize(
    ("accelerator", "options"), [("cpu", {}), ("gpu", {"clip": 1.0}), ("gpu", {"ema": 0.9}), ("gpu", {"soup": 2})]
)
def test_check_devices__fsdp(two, accelerator, options):
    """Sharded training needs GPUs and has no clipping, moving average or soup."""
    config = two(accelerator=accelerator, strategy="fsdp")
    with pytest.raises(RecipeError, match="STRATEGY is fsdp, which needs GPUs and a recipe without"):
        check_devices(config, FullRecipe(kind="full", **options), batch_statistics=False)


def test_device_options__one_process_has_no_strategy(small):
    """A strategy only matters where there are several processes."""
    config = devices(small("none", "full", epochs=1), strategy="ddp")
    assert device_options(config.trainer)["strategy"] == "auto"


def test_network__synchronised_norms_keep_their_activations(two):
    """On several GPUs norms are synchronised, and the network still says the same."""
    plain, synchronised = FitContext(two(accelerator="cpu")).network, FitContext(two(accelerator="gpu")).network
    assert any(isinstance(module, SyncBatchNorm) for module in synchronised.modules())
    images = torch.randint(0, 255, (2, 64, 64, 1), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(plain.eval().run(images), synchronised.eval().run(images))
