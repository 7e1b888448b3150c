"""Golden-batch parity: network, package and serving path must agree, or it is said where they do not."""

from dataclasses import replace

import pytest
import torch

from registry.errors import PackageError
from registry.package.package import load_package
from registry.package.parity import Golden, prove_parity
from registry.package.restoring import restore_network


@pytest.fixture(scope="module")
def sides(workshop):
    """The workshop's package, its network in torch, and a golden batch of three."""
    rows = workshop.dataset.rows("val").head(3)
    package = load_package(workshop.package)
    return package, restore_network(workshop.root, package), Golden(workshop.dataset.samples(rows), tuple(rows["hash"]))


def test_prove_parity__largest_difference(sides):
    """Where all agree, the largest difference is known with its place."""
    parity = prove_parity(*sides)
    assert 0 <= parity.largest_difference < 1e-3
    assert parity.sample in sides[2].hashes
    assert parity.samples == 3


def test_prove_parity__network_is_another(sides):
    """Another network than the packed one is refused: the package, the difference and the sample are named."""
    package, network, golden = sides
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    network.head("label").linear.weight.data.neg_()
    with pytest.raises(PackageError, match=r"ONNX package differ by 0\.\d+ on sample [0-9a-f]{12} of the golden"):
        prove_parity(package, network, golden)
    network.load_state_dict(weights)


def test_prove_parity__serving_decodes_otherwise(sides):
    """A transform that is not the one of training is found on the serving path."""
    package, network, golden = sides

    class Mirrored(type(package.transform)):
        def decode(self, content, max_pixels=0):
            return 255 - package.transform.decode(content)

    wrong = replace(package, transform=Mirrored(**dict(package.transform)))
    with pytest.raises(PackageError, match="network and serving path differ by.*prepares the data anew"):
        prove_parity(wrong, network, golden)


def test_prove_parity__not_a_number(sides):
    """A package that says nan agrees with nothing."""
    package, network, golden = sides
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    network.head("label").linear.bias.data.fill_(torch.nan)
    with pytest.raises(PackageError, match="differ by inf"):
        prove_parity(package, network, golden)
    network.load_state_dict(weights)
