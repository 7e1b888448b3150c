"""A package gives back the network that it was made from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.insight.attacks import probabilities
from registry.errors import PackageError
from registry.package.package import load_package
from registry.package.restoring import load_network, restore_network

RESNET = {
    "architecture": "resnet18",
    "source": {"kind": "file", "file": "none"},
    "revision": "1",
    "licence": "MIT",
    "input": {"size": 64, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
}


@pytest.fixture(autouse=True)
def _single_thread(monkeypatch):
    """Other tests keep their threads."""
    monkeypatch.setenv("REGRAFT_THREADS", "1")


def test_restore_network__says_what_the_package_says(workshop, project):
    """Network and package agree on test images, and the weights ask for no gradients."""
    package = load_package(workshop.package)
    network = restore_network(workshop.root, package)
    images = workshop.dataset.samples(workshop.dataset.rows("test").head(4))
    assert np.allclose(probabilities(network, images), package.decisive(images), atol=1e-3)
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_restore_network__backbone_is_gone(workshop, project):
    """A hub without the package's backbone is named."""
    package = load_package(workshop.package)
    with pytest.raises(BackboneError, match="'lost' is not in the hub"):
        restore_network(workshop.root, replace(package, backbone="lost"))


def test_load_network__of_another_architecture(workshop, project):
    """Weights of another network are refused with the reason."""
    (project / "backbones.yaml").write_text(json.dumps({"other": RESNET}))
    package, card = load_package(workshop.package), load_backbone(project, "other")
    with pytest.raises(PackageError, match="does not fit resnet18.*restore the backbone's entry"):
        load_network(card, package.transform, package.tasks, package.folder / "weights.safetensors")


def test_load_network__cosine_head(workshop, project, tmp_path):
    """Prototypes in the file bring the head that they belong to."""
    from safetensors.torch import save_file

    from lightning_modules.network.network import Network
    from lightning_modules.objectives.heads import CosineHead
    from lightning_modules.objectives.objective import objectives_of

    package = load_package(workshop.package)
    card, transform = load_backbone(workshop.root, package.backbone), package.transform
    made = Network(card, transform, objectives_of(package.tasks), style="cosine")
    wanted = made.head("label").prototypes
    wanted.copy_(torch.eye(2, wanted.shape[1]))
    save_file(made.state_dict(), tmp_path / "weights.safetensors")
    head = load_network(card, transform, package.tasks, tmp_path / "weights.safetensors").head("label")
    assert isinstance(head, CosineHead)
    assert torch.equal(head.prototypes, wanted)


def test_load_network__of_an_earlier_release(workshop, project, tmp_path):
    """Weights of releases that knew one head and kept its temperature beside it give the same network."""
    from safetensors.torch import load_file, save_file

    package = load_package(workshop.package)
    given, head = load_file(package.folder / "weights.safetensors"), "heads.task_label."
    old = {name.replace(head, "head."): value for name, value in given.items() if name != f"{head}temperature"}
    assert "head.linear.weight" in old
    card = load_backbone(workshop.root, package.backbone)
    for extra in ({}, {"temperature": torch.tensor(2.0)}):
        save_file(old | extra, tmp_path / "weights.safetensors")
        found = load_network(card, package.transform, package.tasks, tmp_path / "weights.safetensors").head("label")
        assert torch.equal(found.linear.weight, given[f"{head}linear.weight"])
        assert float(found.temperature) == (2.0 if extra else 1.0)
