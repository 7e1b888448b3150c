"""The package: what was packed is what is loaded, and it predicts what the network predicts."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from data.transforms import ImageSpec, TransformSpec
from lightning_modules.network import Network
from registry.errors import PackageError
from registry.package import FILES, Package, build_package, load_package

TRANSFORM = TransformSpec(image=ImageSpec(mode="L", size=32, crop=1.0), mean=(0.5,) * 3, std=(0.5,) * 3)
GOLDEN = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 1), dtype=np.uint8)


def make_network() -> Network:
    """A network with random weights."""
    torch.manual_seed(0)
    network = Network("tf_efficientnet_lite0", 2, TRANSFORM.mean, TRANSFORM.std).eval()
    torch.nn.init.normal_(network.head.linear.weight)
    return network


def build(folder, network: Network) -> Package:
    """Packs a network."""
    reference = pd.DataFrame({"hash": ["a"], "probabilities": [[0.5, 0.5]], "embedding": [[0.0] * 3]})
    return build_package(
        folder,
        network,
        TRANSFORM,
        task="label",
        classes=("a", "b"),
        backbone="random",
        reference=reference,
        golden=GOLDEN,
    )


def test_build_package__loads_as_packed(project):
    """What the package says of itself and of images is what the network and its makers said."""
    network = make_network()
    build(project / "package", network)
    package = load_package(project / "package")
    assert (package.task, package.classes, package.backbone) == ("label", ("a", "b"), "random")
    assert package.transform == TRANSFORM
    assert package.reference["hash"].tolist() == ["a"]
    with torch.inference_mode():
        wanted, embedding = network(torch.from_numpy(GOLDEN))
    found, features = package.predict(GOLDEN)
    assert np.allclose(found, wanted, atol=1e-3)
    assert np.allclose(features, embedding, atol=1e-3)
    assert package.size_mb == pytest.approx((project / "package" / "model.onnx").stat().st_size / 1e6)
    assert package.latency_ms(3) > 0


def test_build_package__weights_restore_the_network(project):
    """weights.safetensors is the same network for training on."""
    network, again = make_network(), Network("tf_efficientnet_lite0", 2, TRANSFORM.mean, TRANSFORM.std).eval()
    build(project / "package", network)
    again.load_state_dict(load_file(project / "package" / "weights.safetensors"))
    with torch.inference_mode():
        assert torch.equal(network(torch.from_numpy(GOLDEN))[0], again(torch.from_numpy(GOLDEN))[0])


def test_build_package__parity(project, monkeypatch):
    """A model file that is not the network's is refused, and the difference is named."""

    def export_another(network, shape, path):
        torch.manual_seed(1)
        torch.nn.init.normal_(network.head.linear.weight)
        export(network, shape, path)
        network.load_state_dict(kept)

    from registry.package import export_onnx as export

    network = make_network()
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    monkeypatch.setattr("registry.package.export_onnx", export_another)
    with pytest.raises(PackageError, match="differ by 0.* on the golden batch.*nothing is registered"):
        build(project / "package", network)


def test_package__holds_no_pickle(workshop):
    """No file of a package starts or hides a pickle: each is ONNX, safetensors, JSON or Parquet."""
    assert {path.name for path in workshop.package.iterdir()} == {*FILES, "manifest.json"}
    for path in workshop.package.glob("*.json"):
        json.loads(path.read_text())
    load_file(workshop.package / "weights.safetensors")
    assert (workshop.package / "reference.parquet").read_bytes()[:4] == b"PAR1"
    import onnx

    onnx.checker.check_model(str(workshop.package / "model.onnx"))


@pytest.mark.parametrize("name", FILES)
def test_load_package__altered_file(own_workshop, name):
    """One changed byte in any file is found before the file is used, and the file is named."""
    path = own_workshop.package / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(PackageError, match=f"{name} is not the file that was packed"):
        load_package(own_workshop.package)


@pytest.mark.parametrize("manifest", ["", "[1]", "null", "{}"])
def test_load_package__altered_manifest(own_workshop, manifest):
    """A manifest that lists nothing vouches for nothing."""
    (own_workshop.package / "manifest.json").write_text(manifest)
    with pytest.raises(PackageError, match="incomplete or unreadable|is not the file that was packed"):
        load_package(own_workshop.package)


def test_load_package__of_another_release(own_workshop):
    """Files that are whole but of another form are one line that says so."""
    path = own_workshop.package / "transform.json"
    path.write_text('{"image": {}}')
    manifest = json.loads((own_workshop.package / "manifest.json").read_text())
    manifest["transform.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (own_workshop.package / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PackageError, match="packed by another release") as found:
        load_package(own_workshop.package)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_load_package__missing_file(own_workshop, name):
    """A missing file is named."""
    (own_workshop.package / name).unlink()
    with pytest.raises(PackageError, match=rf"incomplete or unreadable.*{name}"):
        load_package(own_workshop.package)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 64, 64, 1), np.float32), GOLDEN[:, :16], np.repeat(GOLDEN, 3, axis=3), GOLDEN[0]]
)
def test_predict__wrong_images(workshop, project, images):
    """Pixels of another type or shape are refused with both shapes in the message."""
    with pytest.raises(PackageError, match=r"the package takes uint8 \(64, 64, 1\)"):
        load_package(workshop.package).predict(images)
