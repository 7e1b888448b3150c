"""What the tests of training share: small networks on disk, hub entries for them, and fits of a few seconds."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from lightning_modules.hub.backbones import Backbone, load_pretrained

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """EfficientNet-Lite0 as timm starts it, in a safetensors file under timm's own names."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict(), path)
    return path


@pytest.fixture
def make_card() -> Callable[..., Backbone]:
    """Makes a hub entry of EfficientNet-Lite0 with the given source."""

    def make(source: dict[str, str], sha256: str | None = None) -> Backbone:
        content: dict[str, Any] = {
            "architecture": "tf_efficientnet_lite0",
            "source": source,
            "revision": "main",
            "licence": "Apache-2.0",
            "sha256": sha256,
            "input": {"size": 64, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
        }
        return Backbone.model_validate_json(json.dumps(content))

    return make


@pytest.fixture(scope="session")
def other_backbones(nursery: "Nursery") -> dict[str, Path]:
    """Random weights of a network with LayerNorm and of a transformer, which the nursery's own hub lists by name."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(2)
    paths, cards = {}, {}
    for name in ("convnext_atto", "vit_tiny_patch16_224"):
        paths[name] = nursery.root / f"{name}.safetensors"
        save_file(timm.create_model(name, pretrained=False, num_classes=0).state_dict(), paths[name])
        cards[name] = {
            "architecture": name, "source": {"kind": "file", "file": paths[name].name}, "revision": "1",
            "licence": "Apache-2.0",
            "input": {"size": 32, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
        }  # fmt: skip
    (nursery.root / "backbones.yaml").write_text(json.dumps(cards))
    return paths


@pytest.fixture
def digest() -> Callable[[Path], str]:
    """sha256 of a file."""
    return lambda path: hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Nursery:
    """A project for fits of a few seconds: 40 images of 32 pixels in two classes, 16 of them for training."""

    root: Path
    dataset: Any


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory, _new_mlflow: Path, make_dataset: Callable[..., Any]) -> Nursery:
    """The nursery of the whole session, so that activations and exported prefixes are made once."""
    root = tmp_path_factory.mktemp("nursery")
    (root / ".regraft").mkdir()
    shutil.copy(_new_mlflow, root / ".regraft" / "mlflow.db")
    return Nursery(root, make_dataset(root / "data" / "processed" / "photos", count=20, side=32))


@pytest.fixture
def small(
    nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit_config: Callable[..., Any]
) -> Callable[..., Any]:
    """Makes the configuration of a fit in the nursery; keyword arguments are the recipe's."""
    monkeypatch.chdir(nursery.root)
    monkeypatch.setenv("REGRAFT_ROOT", str(nursery.root))

    def make(name: str, kind: str, *, training: Any = None, **recipe: Any) -> Any:
        sizes = {} if kind == "prototype" else {"epochs": 2, "batch_size": 4}
        if kind not in {"prototype", "linear_probe", "full"}:
            sizes["probe_epochs"] = 2
        config = fit_config(nursery.root, nursery.dataset, tmp_path / name, kind=kind, **{**sizes, **recipe})
        changed = config.training.model_copy(update=training or {})
        pretrained = load_pretrained(nursery.root, changed.backbone)
        return config.model_copy(update={"training": changed, "pretrained": pretrained})

    return make


def outcome(folder: Path) -> dict[str, Any]:
    """What a fit left, less its times: weights and result of every phase and of the whole, outputs and history."""
    found: dict[str, Any] = {"history": json.loads((folder / "progress.json").read_text())["history"]}
    for entry in found["history"]:
        entry.pop("seconds", None)
        entry.pop("images_per_second", None)
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".safetensors":
            found |= {f"{name}/{key}": value.tobytes() for key, value in load_file(path).items()}
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                found |= {f"{name}/{key}": arrays[key].tobytes() for key in arrays.files}
        elif path.name == "result.json":
            found[name] = json.loads(path.read_text()) | {"seconds": 0}
    return found


@dataclass(frozen=True)
class Starter:
    """Starts fits in processes of their own; see starter.py."""

    process: "subprocess.Popen[str]"

    def __call__(self, config: Any, *events: Any) -> int:
        """Runs a fit until it ends or is stopped by an event, [place, signal or file]; returns its exit code."""
        path = config.folder / "fit.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(config.model_dump_json())
        order = {
            "config": str(path), "log": str(config.folder / "fit.log"), "events": events,
            "environment": {"REGRAFT_ROOT": config.root},
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="session")
def starter(nursery: Nursery) -> Iterator[Starter]:
    """One starter for the session: importing the libraries takes ten seconds, forking none."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("starter.py"))],
        cwd=nursery.root, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield Starter(process)
        process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="session")
def helpers() -> Any:
    """The functions of this file: tests are no package, so they come as a fixture."""
    return sys.modules[__name__]
