"""The peers really train: a comparison with something that does not would be worth nothing."""

import pytest
import torch

from bench.training.images import write_image_folder
from bench.training.peers import _plain as plain
from bench.training.peers import data_torchvision, image_loader, pretrained_model, train_lightning, train_timm


@pytest.fixture
def images(tmp_path):
    """A dozen solar cells in two classes."""
    return write_image_folder(tmp_path / "images", 12)


def changed(model) -> dict[str, bool]:
    """Which parameters differ from the pretrained ones."""
    before = pretrained_model(2).state_dict()
    return {name: not torch.equal(value, before[name]) for name, value in model.named_parameters()}


def test_train_lightning__learns(images):
    """The loss falls, and the first layer moves with the last."""
    torch.manual_seed(0)
    trained = train_lightning(image_loader(images, plain(32), 6), 5, frozen=False)
    assert trained.losses[-1] < 0.9 * trained.losses[0]
    assert trained.images == [12] * 5
    assert all(seconds > 0 for seconds in trained.seconds)
    assert changed(trained.model)["conv_stem.weight"]


def test_train_lightning__frozen(images):
    """Only the classifier moves, BatchNorm's statistics included, and the loss falls."""
    torch.manual_seed(0)
    trained = train_lightning(image_loader(images, plain(32), 6), 5, frozen=True)
    assert {name for name, moved in changed(trained.model).items() if moved} == {"classifier.weight", "classifier.bias"}
    statistics = {name: value for name, value in trained.model.state_dict().items() if "running" in name}
    before = pretrained_model(2).state_dict()
    assert all(torch.equal(value, before[name]) for name, value in statistics.items())
    assert trained.losses[-1] < trained.losses[0]


def test_train_timm__moves_every_layer(images):
    """All weights of the network take part, and an epoch leaves out no more than an unfinished batch."""
    trained = train_timm(images, 32, 6, 2)
    moved = changed(trained.model)
    assert all(moved[name] for name in ("conv_stem.weight", "conv_head.weight", "classifier.weight"))
    assert trained.images == [12, 12]
    assert trained.rate() == pytest.approx(12 / trained.seconds[1])


def test_data_torchvision__gives_a_rate(project):
    """Every image is read in every pass."""
    assert data_torchvision(32, 12, 6, 2)["value"] > 0
