"""The package: what was packed is what is loaded, and nothing else is."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file

from registry.errors import PackageError
from registry.package.golden import NAME
from registry.package.package import FILES, load_package
from registry.package.restoring import restore_network
from registry.shipped.manifest import manifest_text

CARDS = ("bom.json", "data_card.json", "model_card.md")


def test_package__holds_no_pickle(workshop):
    """No file of a package starts or hides a pickle: each is of a form without code."""
    assert {path.name for path in workshop.package.iterdir()} == {*FILES, *CARDS, NAME, "manifest.json"}
    for path in workshop.package.glob("*.json"):
        json.loads(path.read_text())
    load_file(workshop.package / "weights.safetensors")
    assert (workshop.package / "reference.parquet").read_bytes()[:4] == b"PAR1"
    import onnx

    onnx.checker.check_model(str(workshop.package / "model.onnx"))


def test_package__what_it_is(workshop):
    """Size and latency are those of the served file, parity and temperature what was measured when it was packed."""
    package, checks = load_package(workshop.package), json.loads((workshop.package / "checks.json").read_text())
    assert package.size_mb == pytest.approx((workshop.package / "model.onnx").stat().st_size / 1e6)
    assert package.latency_ms(3) > 0
    assert package.temperatures == checks["temperature"]
    assert 0 <= package.parity == checks["parity"]["largest_difference"] < 1e-3


def test_load_package__altered_file(own_workshop):
    """One changed byte in any file is found before the file is used, and the file is named."""
    for name in (*FILES, *CARDS, NAME):
        path = own_workshop.package / name
        kept, content = path.read_bytes(), bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(PackageError, match=f"{name} is not the file that was packed"):
            load_package(own_workshop.package)
        path.write_bytes(kept)


def test_load_package__altered_manifest(own_workshop):
    """A manifest that lists nothing vouches for nothing."""
    for manifest in ("", "[1]", "null", "{}", '"ab"'):
        (own_workshop.package / "manifest.json").write_text(manifest)
        with pytest.raises(PackageError, match="incomplete or unreadable|is not the file that was packed"):
            load_package(own_workshop.package)


def test_load_package__added_file(own_workshop):
    """A file that the manifest does not know is refused."""
    (own_workshop.package / "more.onnx").touch()
    with pytest.raises(PackageError, match=r"more\.onnx is not the file that was packed"):
        load_package(own_workshop.package)


def test_load_package__swapped_after_it_was_verified(own_workshop):
    """What was verified is what runs: files that are put in its place later are not read."""
    folder, images = own_workshop.package, np.zeros((2, 64, 64, 1), np.uint8)
    package = load_package(folder)
    wanted = package.decisive(images)
    for name in ("model.onnx", "reference.parquet", "weights.safetensors"):
        (folder / name).write_bytes(b"another")
    assert np.array_equal(package.decisive(images), wanted)
    with pytest.raises(PackageError, match=r"reference\.parquet was changed after it was verified"):
        assert package.reference
    with pytest.raises(PackageError, match=r"weights\.safetensors was changed after it was verified"):
        restore_network(own_workshop.root, package)


def test_load_package__of_another_decoder(own_workshop, monkeypatch, caplog):
    """It loads, as an upgrade must not end serving, and its log says that the model learned from other samples."""
    path = own_workshop.package / "transform.json"
    before = load_package(own_workshop.package).transform
    assert "decoder" not in caplog.text
    path.write_text(json.dumps({"decoder": 2, **json.loads(path.read_text())}))
    (own_workshop.package / "manifest.json").write_text(manifest_text(own_workshop.package))
    assert load_package(own_workshop.package).transform == before
    assert "learned from samples of decoder 2, this release has decoder 1" in caplog.text
    caplog.clear()
    monkeypatch.setattr("registry.package.package.DECODER_VERSION", 2)
    load_package(own_workshop.package)
    assert "decoder" not in caplog.text


@pytest.mark.parametrize(("name", "content"), [("transform.json", '{"image": {}}'), ("checks.json", "[]")])
def test_load_package__of_another_release(own_workshop, name, content):
    """Files that are whole but of another form are one line that says so."""
    (own_workshop.package / name).write_text(content)
    (own_workshop.package / "manifest.json").write_text(manifest_text(own_workshop.package))
    with pytest.raises(PackageError, match="packed by another release") as found:
        load_package(own_workshop.package)
    assert "\n" not in str(found.value)


def test_load_package__missing_file(own_workshop):
    """A missing file is named, also where the manifest does not list it either."""
    folder = own_workshop.package
    for name in (*FILES, "manifest.json"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        with pytest.raises(PackageError, match=rf"incomplete or unreadable.*{name}"):
            load_package(folder)
        (folder / name).write_bytes(kept)
    (folder / FILES[0]).unlink()
    (folder / "manifest.json").write_text(manifest_text(folder))
    with pytest.raises(PackageError, match=rf"incomplete or unreadable \(no {FILES[0]}\)"):
        load_package(folder)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 64, 64, 1), np.float32),
        np.zeros((2, 32, 64, 1), np.uint8),
        np.zeros((2, 64, 64, 3), np.uint8),
        np.zeros((64, 64, 1), np.uint8),
    ],
)
def test_predict__wrong_images(workshop, project, images):
    """Pixels of another type or shape are refused with both shapes in the message."""
    with pytest.raises(PackageError, match=r"the package takes uint8 \(64, 64, 1\)"):
        load_package(workshop.package).predict(images)
