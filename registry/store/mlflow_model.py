"""A package as a model of MLflow's own form, which `mlflow.pyfunc.load_model` and `mlflow models` load without Regraft.

Of MLflow's flavours, this is the one that writes no pickle: a module that loads, shipped as source beside the package.
"""

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.specs.spec import Array
from data.stores.atomic import scratch_folder, write_text
from data.targets.task import output_names
from registry.errors import PackageError
from registry.package.package import Package
from settings.machine import load_settings

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

LOADER = "regraft_model"
SHIPPED = ("manifest.py", "pyfunc.py", "signing.py")
REQUIRED = ("mlflow", "numpy", "onnxruntime", "cryptography")


def write_mlflow_model(package: Package, target: Path, model_id: str, run_id: str) -> None:
    """Writes the model into the new folder `target`, with signature, input example and the package below data/."""
    from mlflow import pyfunc
    from mlflow.models import Model

    with scratch_folder(load_settings().scratch, LOADER) as temporary:
        loader = temporary / LOADER
        loader.mkdir()
        (loader / "__init__.py").touch()
        for name in SHIPPED:
            shutil.copy(Path(__file__).parents[1] / "shipped" / name, loader)
        pyfunc.save_model(
            target,
            loader_module=f"{LOADER}.pyfunc",
            data_path=str(package.folder),
            code_paths=[str(loader)],
            mlflow_model=Model(model_id=model_id, run_id=run_id),
            signature=_signature(package),
            input_example=_example(package),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIRED],
        )
    serving = target / "serving_input_example.json"
    write_text(serving, json.dumps(json.loads(serving.read_text(encoding="utf-8"))))  # MLflow gives each pixel a line


def packed_folder(model: Path) -> Path:
    """The package inside a model of MLflow's form.

    Raises:
        PackageError: there is none, as in a model that something else registered.
    """
    found = sorted(path.parent for path in model.glob("data/*/manifest.json"))
    if not found:
        raise PackageError("the version holds no package as this release of Regraft makes it; register the model again")
    return found[0]


def _signature(package: Package) -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    answers, embedding = package.predict(_example(package))
    single, spec, names = np.dtype(np.float32), package.transform.spec, (*output_names(package.tasks), "embedding")
    given = zip(names, [*answers.values(), embedding], strict=True)
    return ModelSignature(
        Schema([TensorSpec(spec.dtype, (-1, *spec.shape))]),
        Schema([TensorSpec(single, (-1, *output.shape[1:]), name) for name, output in given]),
    )


def _example(package: Package) -> Array:
    return package.transform.spec.example()[None]
