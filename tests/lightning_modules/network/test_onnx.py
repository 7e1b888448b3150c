"""ONNX Runtime says what torch says."""

import numpy as np
import pytest
import torch

from data.errors import StorageError
from data.specs.image import ImageSpec
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.network.network import Network, pretrained_network
from lightning_modules.network.onnx import MOST, _batches, export_onnx, open_session, run_session
from tests.lightning_modules.networks import objectives

SHIPPED = "tf_efficientnet_lite0.imagenet"
SPEC, OUTPUTS = ImageSpec(mode="L", size=64), ("probabilities", "embedding")


@pytest.fixture(scope="module")
def network(workshop) -> Network:
    """The real backbone with a head that prefers something."""
    pretrained = load_pretrained(workshop.root, SHIPPED)
    network = pretrained_network(pretrained, pretrained.transform(workshop.dataset.spec), objectives(3))
    torch.manual_seed(0)
    torch.nn.init.normal_(network.head("label").linear.weight, std=0.02)
    return network.eval()


@pytest.fixture(scope="module")
def session(network, tmp_path_factory):
    """The network in ONNX Runtime."""
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(network, SPEC, path, OUTPUTS)
    return open_session(path, 1)


def images(count: int) -> np.ndarray:
    """Grey noise: uint8 [count, 64, 64, 1]."""
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 1), dtype=np.uint8)


def test_run_session__equals_torch(network, session):
    """Probabilities and features agree to 1e-3, and the probabilities differ from image to image."""
    found, features = run_session(session, images(5))
    with torch.inference_mode():
        wanted, embedding = network(torch.from_numpy(images(5)))
    assert np.allclose(found, wanted, atol=1e-3)
    assert np.allclose(features, embedding, atol=1e-3)
    assert np.ptp(found[:, 0]) > 0.01


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((224, 224, 3), [8, 8, 4]),
        ((224, 224, 1), [8, 8, 4]),
        ((1024, 1024, 3), [1] * 20),
        ((32, 32, 1), [20]),
        ((128,), [20]),
    ],
)
def test_batches__fit_the_caches(shape, sizes):
    """Large pictures come a few at a time, and one at least; small ones and texts many."""
    assert [len(batch) for batch in _batches(np.zeros((20, *shape), np.uint8))] == sizes
    assert max(len(batch) for batch in _batches(np.zeros((200, 8), np.uint8))) == MOST


@pytest.mark.parametrize("count", [0, 1, MOST + 1])
def test_run_session__any_number(session, count):
    """No image, one image and more than a batch give as many rows, each equal to that of the image alone."""
    probabilities, embeddings = run_session(session, images(count))
    assert probabilities.shape == (count, 3)
    assert embeddings.shape == (count, 1280)
    if count:
        assert np.allclose(run_session(session, images(count)[-1:])[1], embeddings[-1:], atol=1e-4)


def test_export_onnx__unwritable(network, tmp_path):
    """A folder that cannot be is one clear error and leaves nothing."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        export_onnx(network, SPEC, tmp_path / "file" / "model.onnx", OUTPUTS)
