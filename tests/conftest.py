"""What the tests share: a project of its own for each test, and small real images."""

import hashlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.targets.classification import ClassificationTask
from flows.process.environment import QUIET

pytest_plugins = ("tests.postgresql", "tests.servers", "tests.canary", "tests.disks")
BACKBONE = "tf_efficientnet_lite0.imagenet"
CLASSES = ("dark", "light")
REPOSITORY = Path(__file__).parents[1]

# Set before any library reads them.
os.environ.update({**QUIET, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
# A child process that has to compile torch anew takes twenty seconds to start instead of eight.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def make_project(root: Path) -> Path:
    """A project as a clone has it: domains, DVC and its stages, in a Git repository."""
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "domains", root / "domains")
    (root / ".dvc").mkdir()
    shutil.copy(REPOSITORY / ".dvc" / "config", root / ".dvc" / "config")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project below the test's own folder, which is also the working directory."""
    root = make_project(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("REGRAFT_ROOT", str(root))
    return root


def png(value: int | np.ndarray = 128, *, side: int = 32, mode: str = "L") -> bytes:
    """A PNG of one grey value, or of the pixels given."""
    pixels = np.full((side, side), value, np.uint8) if isinstance(value, int) else value
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def image_folder(project: Path) -> Callable[..., Path]:
    """Makes `photos/CLASS/n.png` below the project: bright and dark squares with noise, told apart easily."""

    def make(count: int = 30, classes: tuple[str, ...] = ("dark", "light"), side: int = 64) -> Path:
        random = np.random.default_rng(0)
        for place, name in enumerate(classes):
            folder = project / "photos" / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                level = 60 + 120 * place // max(1, len(classes) - 1)
                pixels = np.clip(random.normal(level, 25, (side, side)), 0, 255).astype(np.uint8)
                (folder / f"{number:03d}.png").write_bytes(png(pixels))
        return project / "photos"

    return make


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one real Prefect server, which flows of this process use and a child process may be given."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def _new_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs; its tables take seconds to make."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def tracked(project: Path, _new_mlflow: Path) -> Path:
    """The project with a real MLflow store of its own."""
    (project / ".regraft").mkdir()
    shutil.copy(_new_mlflow, project / ".regraft" / "mlflow.db")
    return project


def write_dataset(folder: Path, *, count: int = 40, side: int = 64, classes: tuple[str, ...] = CLASSES) -> Any:
    """Processed data as preprocess leaves them: dark and light squares with noise; every fifth is for the test."""
    from data.specs.image import ImageSpec
    from data.stores.dataset import Dataset
    from data.stores.manifest import LABEL, write_table
    from data.stores.shards import append_rows

    random, spec = np.random.default_rng(0), ImageSpec(mode="L", size=side, crop=1.0)
    labels = [name for _ in range(count) for name in classes]
    levels = [60 + 120 * classes.index(name) // max(1, len(classes) - 1) for name in labels]
    images = [np.clip(random.normal(level, 25, spec.shape), 0, 255).astype(np.uint8) for level in levels]
    assert list(append_rows(folder, 0, iter(images), spec)) == [len(images)]
    (folder / "transform.json").write_text(spec.model_dump_json())
    places = np.arange(len(labels))
    table = pd.DataFrame({"hash": [hashlib.sha256(image.tobytes()).hexdigest() for image in images]})
    table["group"] = [f"group-{place // len(classes)}" for place in places]  # none is in two splits
    table["weight"], table["position"] = np.where(places % 3 == 0, 0.5, 1.0), places
    table["split"] = np.array(["train", "train", "val", "val", "test"])[places // len(classes) % 5]
    table["width"], table["height"], table["mode"] = side, side, "L"
    table[f"{LABEL}label"] = labels
    write_table(folder / "manifest.parquet", table)
    return Dataset(folder, {"label": ClassificationTask(classes=classes)})


def raw_samples(dataset: Any) -> Callable[..., dict[str, bytes]]:
    """Reads samples of a data set as files of their source: PNGs of their pixels."""

    def read(hashes: list[str], most: int) -> dict[str, bytes]:
        rows = dataset.manifest.set_index("hash").loc[hashes[:most]].reset_index()
        pixels = dataset.samples(rows)
        return {digest: dataset.spec.encode(one) for digest, one in zip(rows["hash"], pixels, strict=True)}

    return read


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Any]:
    """The function that writes processed data into a folder and opens them."""
    return write_dataset


@pytest.fixture(scope="session")
def fit_config() -> Callable[..., Any]:
    """Makes the configuration of a fit of a data set below a root; keyword arguments are the recipe's."""

    def make(
        root: Path, dataset: Any, output: Path, *, kind: str = "linear_probe", seed: int = 0, **recipe: Any
    ) -> Any:
        from lightning_modules.config import FitConfig
        from lightning_modules.hub.backbones import load_pretrained
        from registry.store.tracking import start_run

        left = {"refit": 0} if kind in {"linear_probe", "prototype"} else {}  # tests of the refit ask for it
        training = {"backbone": BACKBONE, "recipe": {"kind": kind, **left, **recipe}, "seed": seed}
        content = {
            "root": str(root), "dataset": str(dataset.folder), "tasks": {"label": {"classes": list(dataset.classes)}},
            "pretrained": load_pretrained(root, BACKBONE).model_dump(mode="json"),
            "training": training, "output": str(output), "threads": 1,
            "run_id": start_run("photos", "test", {}),
        }  # fmt: skip
        return FitConfig.model_validate_json(json.dumps(content))

    return make


@dataclass(frozen=True)
class Workshop:
    """A data set whose features are cached, a linear probe fitted on it, and its package with all cards."""

    root: Path
    dataset: Any
    fit: Path
    package: Path


@pytest.fixture(scope="session")
def card_facts() -> Callable[..., Any]:
    """Makes what cards say of the origin of a package below a root; keyword arguments change it."""

    def make(root: Path, dataset: Any, **changes: Any) -> Any:
        from lightning_modules.config import TrainingConfig
        from lightning_modules.hub.backbones import load_pretrained
        from registry.cards.facts import Facts
        from registry.cards.lineage import lineage

        training = TrainingConfig.model_validate_json(json.dumps({"backbone": BACKBONE, "recipe": "linear_probe"}))
        version, pretrained = "d" * 32 + ".dir", load_pretrained(root, BACKBONE)
        traced = lineage(root, version, pretrained.transform(dataset.spec), pretrained, training)
        words = "photos", "Dark and light squares.", "Tests."
        return replace(Facts(*words, version, "CC-BY-4.0", training, traced, 20, 3.0, 1e-5), **changes)

    return make


@pytest.fixture(scope="session")
def workshop(
    tmp_path_factory: pytest.TempPathFactory,
    _new_mlflow: Path,
    fit_config: Callable[..., Any],
    card_facts: Callable[..., Any],
) -> Workshop:
    """The workshop of the whole session: to be read, not to be changed."""
    from evaluation.inference.config import EvaluationConfig
    from lightning_modules.fitting.fit import fit
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.inputs.activations import Prefix
    from registry.cards.describing import describe
    from registry.gate.config import GateConfig
    from registry.package.packing import pack_fit

    root = tmp_path_factory.mktemp("workshop")
    (root / ".regraft").mkdir()
    shutil.copy(_new_mlflow, root / ".regraft" / "mlflow.db")
    dataset = write_dataset(root / "data" / "processed" / "photos")
    pretrained = load_pretrained(root, BACKBONE)
    Prefix(root / ".regraft", dataset, pretrained, 1).fill(dataset.manifest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGRAFT_ROOT", str(root))
        fit(fit_config(root, dataset, root / "fit", epochs=20, batch_size=8))
        package = pack_fit(root / "fit", dataset, pretrained, raw_samples(dataset))
        rule = GateConfig(floor=0.5, resamples=100)
        describe(package.folder, dataset, card_facts(root, dataset), rule, EvaluationConfig())
    return Workshop(root, dataset, root / "fit", package.folder)


@pytest.fixture
def own_workshop(tracked: Path, workshop: Workshop) -> Workshop:
    """The project with a copy of the workshop, for a test to change as it likes."""
    project, ignored = tracked, shutil.ignore_patterns("mlflow.db", "mlartifacts")
    shutil.copytree(workshop.root, project, dirs_exist_ok=True, ignore=ignored)
    dataset = replace(workshop.dataset, folder=project / "data" / "processed" / "photos")
    return Workshop(project, dataset, project / "fit", project / "fit" / "package")


@pytest.fixture
def registered(own_workshop: Workshop) -> Callable[..., int]:
    """Registers the workshop's package once more and gives its number."""
    from registry.store.models import register
    from registry.store.tracking import start_run

    def once(**tags: str) -> int:
        run_id = start_run("photos", "train", {})
        return register("photos", own_workshop.package, run_id, tags=tags, description="probe", purpose="for tests")

    return once


@pytest.fixture
def plan(own_workshop: Workshop) -> Any:
    """The plan of the workshop's data, which are called by a version that DVC might give."""
    from tasks.domain import Domain
    from tasks.plan import Plan, Prepared

    content: dict[str, Any] = {
        "name": "photos", "root": own_workshop.root, "description": "Squares.", "intended_use": "Sorting.",
        "data": {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}},
        "training": {"backbone": BACKBONE, "recipe": "linear_probe", "seed": 3},
        "gate": {"metric": "accuracy", "floor": 0.5, "max_ece": 0.9, "resamples": 100},
    }  # fmt: skip
    domain = Domain.model_validate_json(json.dumps(content, default=str))
    return Plan(domain, Prepared(own_workshop.dataset.folder, "d" * 32 + ".dir"))
