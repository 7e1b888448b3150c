"""Attacks stay within their budget, mislead a trained network, and change nothing else."""

import numpy as np
import pytest
import torch

from lightning_modules.insight.attacks import Attack, attack, attacked, probabilities
from registry.package.package import load_package
from registry.package.restoring import restore_network
from tests.lightning_modules.networks import network

COUNT = 6


@pytest.fixture(scope="module")
def trained(workshop):
    """The workshop's network with a few test images and their labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGRAFT_ROOT", str(workshop.root))
        patch.setenv("REGRAFT_THREADS", "1")
        network = restore_network(workshop.root, load_package(workshop.package))
    rows = workshop.dataset.rows("test").head(COUNT)
    return network, workshop.dataset.samples(rows), workshop.dataset.labels(rows)


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_attack__without_budget(trained, kind):
    """A budget of 0 changes nothing."""
    network, images, truth = trained
    found = attack(network, images, truth, Attack(kind, budget=0, steps=2, seed=0))
    assert found.dtype == np.float32
    assert np.array_equal(found, images.astype(np.float32))


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_attack__within_its_budget(trained, kind):
    """No pixel moves further than the budget or leaves 0..255; the loss rises and the weights have no gradients."""
    network, images, truth = trained
    images = images.copy()
    images[:, :8], images[:, 8:16] = 0, 255
    found = attack(network, images, truth, Attack(kind, budget=2.0, steps=3, seed=0))
    assert 0 < np.abs(found - images).max() <= 2 + 1e-4
    assert (found.min(), found.max()) == (0, 255)
    places = np.arange(COUNT)
    before, after = (probabilities(network, one)[places, truth] for one in (images, found))
    assert after.mean() < before.mean()
    assert all(weight.grad is None for weight in network.parameters())


def test_attack__seed(trained):
    """PGD starts at random: the same seed gives the same images, another seed others."""
    network, images, truth = trained
    first, again, other = (
        attack(network, images[:2], truth[:2], Attack("pgd", budget=1.0, steps=1, seed=seed)) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_attack__tiny_gradients():
    """A network whose gradients are below what captum takes for none is attacked all the same."""
    torch.manual_seed(0)
    numb = network("tf_efficientnet_lite0").eval()
    torch.nn.init.normal_(numb.head("label").linear.weight, std=1e-9)
    images = np.random.default_rng(0).integers(60, 180, (1, 32, 32, 3), dtype=np.uint8)
    found = attack(numb, images, np.zeros(1, np.int64), Attack("fgsm", budget=1.0, steps=1, seed=0))
    assert np.abs(found - images).mean() > 0.9


def test_attacked__accuracy_never_rises_with_the_budget(trained):
    """The trained network loses to PGD, more so within a larger budget; what was wrong before is left as it was."""
    network, images, truth = trained
    wrong = truth.copy()
    wrong[0] = 1 - wrong[0]
    found = list(attacked(network, images, wrong, budgets=[16.0, 0.5, 4.0], steps=3, seed=0))
    assert [(kind, budget) for kind, budget, _ in found] == [
        (kind, budget) for kind in ("fgsm", "pgd") for budget in (0.5, 4.0, 16.0)
    ]
    clean = probabilities(network, images)
    assert all(np.array_equal(said[0], clean[0]) for _, _, said in found)
    right = [int((said.argmax(1) == wrong).sum()) for kind, _, said in found if kind == "pgd"]
    assert right == sorted(right, reverse=True)
    assert right[-1] < COUNT - 1


def test_probabilities__floats_and_bytes(trained):
    """Whole numbers give the same as floats as they do as bytes."""
    network, images, _ = trained
    assert np.allclose(probabilities(network, images), probabilities(network, images.astype(np.float32)), atol=1e-6)
