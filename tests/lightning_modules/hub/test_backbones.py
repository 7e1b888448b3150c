"""Where weights come from, and that only the right ones are taken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_backbone, load_hub, load_pretrained
from settings.errors import ConfigError

SHIPPED = "tf_efficientnet_lite0.imagenet"
FILE = {"kind": "file", "file": "model.bin"}
HUB = {"kind": "timm", "repository": "timm/random", "file": "model.safetensors"}


def test_load_pretrained__shipped(tmp_path, digest):
    """The shipped entry names the installed package's file, and the sha256 is really its."""
    found = load_pretrained(tmp_path, SHIPPED)
    assert found.sha256 == load_backbone(tmp_path, SHIPPED).sha256 == digest(Path(found.path))


def test_load_backbone__unknown(tmp_path):
    """The message names what there is."""
    with pytest.raises(BackboneError, match=f"'resnet9000' is not in the hub.*{SHIPPED}.*backbones.yaml"):
        load_backbone(tmp_path, "resnet9000")


def test_load_hub__project_adds_its_own(tmp_path, make_card):
    """backbones.yaml joins the shipped entries and may replace one."""
    card = make_card(FILE).model_dump(mode="json")
    (tmp_path / "backbones.yaml").write_text(json.dumps({"mine": card, SHIPPED: card}))
    hub = load_hub(tmp_path)
    assert hub["mine"] == hub[SHIPPED] == make_card(FILE)
    assert len(hub) > 2


def test_load_hub__wrong_key(tmp_path, make_card):
    """A misspelt key is named with the file."""
    card = make_card(FILE).model_dump(mode="json")
    (tmp_path / "backbones.yaml").write_text(json.dumps({"mine": {**card, "liecnce": "MIT"}}))
    with pytest.raises(ConfigError, match=r"backbones.yaml: mine.liecnce"):
        load_hub(tmp_path)


def test_verified__missing_file(tmp_path, make_card):
    """A file that is not there is named with its full path."""
    with pytest.raises(BackboneError, match=f"missing: {tmp_path}/model.bin"):
        make_card(FILE).verified(tmp_path, "mine")


def test_verified__missing_package(tmp_path, make_card):
    """A package that is not installed is named."""
    with pytest.raises(BackboneError, match="package no_such_weights is not installed"):
        make_card({"kind": "package", "package": "no_such_weights", "file": "x"}).verified(tmp_path, "mine")


def test_verified__altered_file(tmp_path, make_card, digest):
    """A file that was changed after it had been checked is found, within one process too."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"right")
    card = make_card(FILE, digest(path))
    found = card.verified(tmp_path, "mine")
    assert (found.path, found.sha256) == (str(path), digest(path))
    path.write_bytes(b"wrong")
    with pytest.raises(BackboneError, match=f"{path} has sha256 .* the hub says"):
        card.verified(tmp_path, "mine")


def test_verified__timm_offline(tmp_path, make_card, monkeypatch):
    """Without network and cache there is one line that says what to do."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackboneError, match="timm/random@main: not in the hub's cache.*kind `file`") as found:
        make_card(HUB).verified(tmp_path, "mine")
    assert "\n" not in str(found.value)


def test_verified__timm_cache(tmp_path, make_card, random_weights, digest):
    """A process without network takes the file from the Hugging Face cache of the machine."""
    folder = tmp_path / "hub" / "models--timm--random"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("a" * 40)
    (folder / "snapshots" / ("a" * 40)).mkdir(parents=True)
    (folder / "snapshots" / ("a" * 40) / "model.safetensors").symlink_to(random_weights)
    card = make_card(HUB).model_dump(mode="json")
    (tmp_path / "backbones.yaml").write_text(json.dumps({"cached": card}))
    code = (
        "import sys; from pathlib import Path; from lightning_modules.hub.backbones import load_pretrained\n"
        "print(load_pretrained(Path(sys.argv[1]), 'cached').sha256)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == digest(random_weights)


def test_key__everything_that_decides_an_activation(tmp_path, make_card, digest):
    """Another network, weights, normalisation or image spec has another key; revision and licence have not."""
    from data.specs.image import ImageSpec

    for name in ("model.bin", "other.bin"):
        (tmp_path / name).write_bytes(name.encode())
    card, spec = make_card(FILE), ImageSpec(size=32)
    others = [
        card.model_copy(update={"architecture": "efficientnet_lite0"}),
        make_card({"kind": "file", "file": "other.bin"}),
        card.model_copy(update={"input": card.input.model_copy(update={"mean": (0.0, 0.0, 0.0)})}),
    ]
    own = card.verified(tmp_path, "mine")
    keys = {other.verified(tmp_path, "mine").key(spec) for other in others} | {own.key(ImageSpec(size=64))}
    assert len(keys) == 4
    assert own.key(spec) not in keys
    assert own.key(spec) == card.model_copy(update={"licence": "MIT"}).verified(tmp_path, "other").key(spec)
