"""What the tests of training share: a small random network on disk, and hub entries for it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightning_modules.hub import Backbone


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-Lite0 as timm starts it, in a safetensors file under timm's own names."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict(), path)
    return path


@pytest.fixture
def make_card() -> Callable[..., Backbone]:
    """Makes a hub entry of EfficientNet-Lite0 with the given source."""

    def make(source: dict[str, str], sha256: str | None = None) -> Backbone:
        content: dict[str, Any] = {
            "architecture": "tf_efficientnet_lite0",
            "source": source,
            "revision": "main",
            "licence": "Apache-2.0",
            "sha256": sha256,
            "input": {"size": 64, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
        }
        return Backbone.model_validate_json(json.dumps(content))

    return make


@pytest.fixture
def digest() -> Callable[[Path], str]:
    """sha256 of a file."""
    return lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
