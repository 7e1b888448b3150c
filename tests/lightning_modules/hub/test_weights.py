"""Weight files: tensors under their names or in their order, and never a line of pickled code."""

import os
import pickle

import pytest
import torch
from torch import nn

from lightning_modules.errors import BackboneError
from lightning_modules.network.libraries.timm import TimmAdapter


def test_load__foreign_names_in_another_order(tmp_path):
    """Foreign names are matched in order, but never a bias to a weight, even where their shapes are equal."""
    backbone = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2))
    names = ["weight", "bias", "running_mean", "running_var"]
    ours = {f"bn_{layer}.{name}": torch.full((2,), 1.0 + layer) for layer in range(2) for name in names}
    torch.save(ours, tmp_path / "ours.pth")
    TimmAdapter().load_weights(backbone, tmp_path / "ours.pth")
    assert torch.equal(backbone[1].weight, torch.full((2,), 2.0))
    torch.save(dict(sorted(ours.items())), tmp_path / "sorted.pth")
    with pytest.raises(BackboneError, match="does not fit the network: 0.weight"):
        TimmAdapter().load_weights(backbone, tmp_path / "sorted.pth")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", pickle.dumps({"a": [1, 2]}, protocol=2)])
def test_load__garbage(tmp_path, name, content):
    """A file that holds no weights is one clear error."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackboneError, match="weight"):
        TimmAdapter().load_weights(nn.Linear(2, 2), tmp_path / name)


class Bomb:
    """What unpickling would run."""

    def __reduce__(self):
        """Makes a file."""
        return os.mkdir, (os.environ["BOMB"],)


def test_load__runs_no_pickled_code(tmp_path, monkeypatch):
    """A pickle that would run code is refused and runs nothing."""
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    torch.save({"weight": Bomb()}, tmp_path / "weights.pth")
    with pytest.raises(BackboneError, match="no weight file"):
        TimmAdapter().load_weights(nn.Linear(2, 2), tmp_path / "weights.pth")
    assert not (tmp_path / "exploded").exists()
