"""What MLflow's own users load: the same predictions, without Regraft, without pickle, and only what is verified."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from registry.errors import PackageError
from registry.package.package import load_package
from registry.store.mlflow_model import packed_folder
from registry.store.models import model_version
from settings.machine import load_settings

PAGE = Path(__file__).parents[3] / "docs" / "package.md"
KEEP = """
import json, sys
found = model.predict(np.load("images.npy"))
json.dump({name: value.tolist() for name, value in found.items()}, open("found.json", "w"))
print(sorted({"torch", "registry", "data", "pydantic_settings"} & sys.modules.keys()))
"""


def told() -> str:
    """What docs/package.md tells users of MLflow to write, for the workshop's model."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return program.replace("models:/solar", "models:/photos").replace("224, 224", "64, 64")


@pytest.fixture
def load(registered, own_workshop, tmp_path_factory):
    """Registers the workshop's package and gives a function that loads it in a fresh process."""
    assert registered() == 1
    folder = tmp_path_factory.mktemp("user")
    np.save(folder / "images.npy", own_workshop.dataset.samples(own_workshop.dataset.rows("test")))

    def run():
        shown = {"PATH": "/usr/bin:/bin", "MLFLOW_TRACKING_URI": load_settings().tracking_uri, "OMP_NUM_THREADS": "1"}
        environment = {**shown, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
        done = subprocess.run(
            [sys.executable, "-c", told() + KEEP],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done, folder / "found.json"

    return run


def test_write_mlflow_model__loads_elsewhere(load, own_workshop):
    """A process that knows nothing of Regraft gets the very probabilities and embeddings of the package."""
    done, found = load()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(4, 2) (4, 1280)", "[]"]  # no module of Regraft, and no torch
    said = json.loads(found.read_text())
    images = own_workshop.dataset.samples(own_workshop.dataset.rows("test"))
    answers, embeddings = load_package(own_workshop.package).predict(images)
    assert np.allclose(said["probabilities"], answers["label"], atol=1e-6)
    assert np.allclose(said["embedding"], embeddings, atol=1e-5)


def test_write_mlflow_model__verified_first(load, own_workshop):
    """There, too, an altered package is not loaded."""
    (stored,) = (own_workshop.root / ".regraft" / "mlartifacts").rglob("labels.json")
    stored.write_text(stored.read_text().replace("dark", "bark"))
    done, found = load()
    assert "labels.json is not the file that was packed" in done.stderr.splitlines()[-1]
    assert not found.exists()


def test_write_mlflow_model__what_is_stored(registered, own_workshop):
    """Signature, example, requirements by name and version, the package, the loader's source, and no pickle."""
    registered()
    (model,) = (own_workshop.root / ".regraft" / "mlartifacts").rglob("MLmodel")
    written = yaml.safe_load(model.read_text())
    assert json.loads(written["signature"]["inputs"])[0]["tensor-spec"] == {"dtype": "uint8", "shape": [-1, 64, 64, 1]}
    assert [one["name"] for one in json.loads(written["signature"]["outputs"])] == ["probabilities", "embedding"]
    assert np.array(json.loads((model.parent / "input_example.json").read_text())).shape == (1, 64, 64, 1)
    lines = (model.parent / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == ["mlflow", "numpy", "onnxruntime", "cryptography"]
    assert not any("/" in line for line in lines)
    suffixes = {path.suffix for path in model.parent.rglob("*") if path.is_file()}
    assert suffixes <= {"", ".json", ".md", ".onnx", ".parquet", ".py", ".safetensors", ".txt", ".yaml", ".zip"}
    assert packed_folder(model.parent).name == "package"


def test_packed_folder__of_something_else(registered, own_workshop):
    """A version without a package of ours is one line, and nothing is kept of it."""
    registered()
    (stored,) = (own_workshop.root / ".regraft" / "mlartifacts").rglob("manifest.json")
    stored.unlink()
    with pytest.raises(PackageError, match="holds no package"):
        model_version("photos", 1)
    assert not list((own_workshop.root / ".regraft" / "packages" / "photos").iterdir())
