"""Golden-batch parity: network, package and serving path must agree, or it is said where they do not."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from data.specs.image import ImageSpec
from lightning_modules.hub.backbones import load_pretrained
from registry.errors import PackageError
from registry.package.golden import NAME, golden_file, read_golden
from registry.package.package import Package, load_package
from registry.package.packing import build_package
from registry.package.parity import Golden, prove_parity, said_by, served_difference
from registry.package.restoring import restore_network
from registry.shipped.manifest import manifest_text
from tests.conftest import BACKBONE, raw_samples


@pytest.fixture(scope="module")
def sides(workshop):
    """The workshop's package, its network in torch, and a golden batch of three, two of them with their files."""
    rows = workshop.dataset.rows("val").head(3)
    package, hashes = load_package(workshop.package), list(rows["hash"])
    golden = Golden(workshop.dataset.samples(rows), tuple(hashes), raw_samples(workshop.dataset)(hashes[1:], 2))
    return package, restore_network(workshop.root, package), golden


def proved(package, network, golden):
    """The parity of what the network says and what the package says."""
    return prove_parity(package, said_by(network, package.tasks, golden.samples), golden)


def test_prove_parity__largest_difference(sides):
    """Where all agree, the largest difference is known with its place."""
    parity = proved(*sides)
    assert 0 <= parity.largest_difference < 1e-3
    assert parity.sample in sides[2].hashes
    assert parity.samples == {"ONNX package": 3, "serving path": 2}[parity.path]


def test_prove_parity__network_is_another(sides):
    """Another network than the packed one is refused: the package, the difference and the sample are named."""
    package, network, golden = sides
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    network.head("label").linear.weight.data.neg_()
    with pytest.raises(PackageError, match=r"ONNX package differ by 0\.\d+ on sample [0-9a-f]{12} of the golden"):
        proved(package, network, golden)
    network.load_state_dict(weights)


def test_prove_parity__serving_decodes_otherwise(sides):
    """A transform that is not the one of training is found on the serving path, and only there."""
    package, network, golden = sides

    class Mirrored(type(package.transform)):
        def decode(self, content, max_pixels=0):
            return 255 - package.transform.decode(content)

    wrong = replace(package, transform=Mirrored(**dict(package.transform)))
    with pytest.raises(PackageError, match=r"network and serving path differ by.*transform\.json.*decodes all anew"):
        proved(wrong, network, golden)
    proved(wrong, network, replace(golden, raw={}))


def test_prove_parity__not_a_number(sides):
    """A package that says nan agrees with nothing."""
    package, network, golden = sides
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    network.head("label").linear.bias.data.fill_(torch.nan)
    with pytest.raises(PackageError, match="differ by inf"):
        proved(package, network, golden)
    network.load_state_dict(weights)


def photo():
    """A picture with edges and texture as files hold it, larger than what a network sees."""
    waves = np.add.outer(np.sin(np.arange(200) / 3), np.cos(np.arange(200) / 5))
    noise = np.random.default_rng(0).normal(0, 10, waves.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(128 + 50 * waves + noise, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("shipped", ["bicubic", "bilinear"])
def test_build_package__another_resize_filter(sides, workshop, project, shipped):
    """A network that saw pictures by bicubic is not packed with bilinear, though its probabilities are the same."""
    package, raw = sides[0], photo()
    spec = ImageSpec(mode="L", size=64, crop=1.0, interpolation="bicubic")
    network = restore_network(workshop.root, package)
    network.head("label").linear.weight.data.zero_()  # sure of nothing, whatever it sees
    transform = load_pretrained(workshop.root, BACKBONE).transform(spec.model_copy(update={"interpolation": shipped}))
    draft = Package(project / "draft", transform, package.tasks, BACKBONE, package.temperatures, 0.0)
    golden = Golden(spec.decode(raw)[None], ("a",), {"a": raw})
    if shipped == "bicubic":
        packed = build_package(draft, network, lambda _: package.reference, golden)
        assert read_golden(packed.content(NAME)).contents == {"a": raw}
        return
    with pytest.raises(PackageError, match="network and serving path differ by.*in the embedding"):
        build_package(draft, network, lambda _: package.reference, golden)


def test_served_difference__of_this_machine(own_workshop):
    """It is measured anew from the package alone; another answer in it is found."""
    package = load_package(own_workshop.package)
    assert served_difference(package) < 1e-3
    golden = read_golden(package.content(NAME))
    wrong = {name: said[:, ::-1] if name == "label" else said for name, said in golden.said.items()}
    (package.folder / NAME).write_bytes(golden_file(replace(golden, said=wrong)))
    (package.folder / "manifest.json").write_text(manifest_text(package.folder))
    assert served_difference(load_package(package.folder)) == 1.0


def test_served_difference__of_an_earlier_release(own_workshop):
    """A package without golden samples loads, and what was found when it was packed counts."""
    folder = own_workshop.package
    (folder / NAME).unlink()
    (folder / "manifest.json").write_text(manifest_text(folder))
    package = load_package(folder)
    assert served_difference(package) == package.parity
