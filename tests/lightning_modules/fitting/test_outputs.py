"""What a fit leaves: the network's own words on every sample that it may have seen."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.outputs import write_outputs, write_weights


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [
        ("linear_probe", {}),
        ("partial", {"batch_norm": "train", "learning_rate": 0.01}),
        ("full", {}),
        ("prototype", {}),
    ],
)
def test_write_outputs__what_the_network_says_of_the_images(small, nursery, kind, recipe):
    """Whether they come from the cache or from images, outputs are those of the weights beside them, from images."""
    config = small("fit", kind, **recipe)
    folder = fit(config).parent
    network = FitContext(config).network.eval()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    rows = nursery.dataset.rows("train", "val")
    with torch.inference_mode():
        probabilities, embeddings = network(torch.from_numpy(nursery.dataset.samples(rows)))
    with np.load(folder / "outputs.npz") as outputs:
        assert list(outputs["hashes"]) == list(rows["hash"])
        assert np.allclose(outputs["answer.label"], probabilities, atol=1e-4)
        assert np.allclose(outputs["embeddings"], embeddings, rtol=1e-3, atol=1e-3)


def test_write_outputs__of_the_weights_as_they_are(small):
    """Other weights give other outputs from the same cache."""
    context = FitContext(small("fit", "partial"))
    context.config.folder.mkdir()
    found = []
    for _ in range(2):
        write_outputs(context, 6)
        with np.load(context.config.folder / "outputs.npz") as outputs:
            found.append(outputs["embeddings"])
        with torch.no_grad():
            context.network.backbone.conv_head.weight *= 0.5
    assert not np.allclose(found[0], found[1], atol=1e-2)


def test_write_weights__parameters_and_buffers(tmp_path):
    """Everything that a network needs is in the file, to the bit."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last), torch.nn.BatchNorm2d(4)
    )
    network(torch.randn(2, 3, 5, 5))
    write_weights(tmp_path / "weights.safetensors", network)
    found = load_file(tmp_path / "weights.safetensors")
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
