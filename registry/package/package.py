"""The model package: one folder without pickle that serving, evaluation and drift load.

model.onnx            uint8 [N, H, W, C] in; probabilities [N, K] and embedding [N, D] out; normalisation and
                      temperature inside
weights.safetensors   the same network for training on
transform.json        the transform spec
labels.json           task, classes, backbone
reference.parquet     what the network said of its training and validation samples: the drift reference
checks.json           temperature, and the largest difference between the three ways to a prediction
data_card.json, bom.json, model_card.md    what people and auditors read; written by `registry.cards.describing`
origin.json           domain and run that it belongs to; written by `registry.package.origin` when it is registered
manifest.json         sha256 of each file above; checked before anything is loaded
manifest.sig          its ed25519 signature, where REGRAFT_SIGNING_KEY is set
"""

import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.specs.decoding import Array
from data.specs.image import TransformSpec
from data.stores.manifest import read_table
from lightning_modules.network.onnx import Floats, open_session, run_session
from registry.errors import PackageError
from registry.shipped.manifest import verify
from settings.machine import load_settings

FILES = ("checks.json", "labels.json", "model.onnx", "reference.parquet", "transform.json", "weights.safetensors")


@dataclass(frozen=True)
class Package:
    """A verified package, ready to predict.

    `temperature` divides the logits inside the model; `parity` is the largest difference of a probability between
    network, package and serving path on the golden batch.
    """

    folder: Path
    transform: TransformSpec
    task: str
    classes: tuple[str, ...]
    backbone: str
    temperature: float
    parity: float

    @cached_property
    def _session(self) -> Any:
        return open_session(self.folder / "model.onnx", load_settings().cores)

    @cached_property
    def reference(self) -> pd.DataFrame:
        """The drift reference: hash, group, split, brightness, probabilities and embedding of each sample."""
        return read_table(self.folder / "reference.parquet")

    @property
    def size_mb(self) -> float:
        """Size of what is served, megabytes."""
        return (self.folder / "model.onnx").stat().st_size / 1e6

    def predict(self, images: Array) -> tuple[Floats, Floats]:
        """Probabilities [N, K] and embeddings [N, D] of uint8 images [N, H, W, C].

        Raises:
            PackageError: the images are not of the package's shape.
        """
        if images.dtype != np.uint8 or images.shape[1:] != self.transform.image.shape:
            raise PackageError(
                f"images are {images.dtype} {images.shape[1:]}, the package takes uint8 {self.transform.image.shape}"
            )
        probabilities, embeddings = run_session(self._session, images)
        return probabilities, embeddings

    def latency_ms(self, repeats: int = 30) -> float:
        """95th percentile of the time for one image on this machine, milliseconds."""
        image = np.zeros((1, *self.transform.image.shape), np.uint8)
        self.predict(image)
        return float(np.percentile([_timed(self, image) for _ in range(repeats)], 95))


def load_package(folder: Path) -> Package:
    """Verifies a package, by its signature where REGRAFT_VERIFY_KEY is set and file by file, and opens it.

    Raises:
        PackageError: a file is missing or is not what was packed, or the signature is missing or wrong.
    """
    try:
        verify(folder, load_settings().verify_keys, FILES)
    except ValueError as error:
        raise PackageError(str(error)) from error
    try:
        labels, checks = (_read_json(folder / name) for name in ("labels.json", "checks.json"))
        transform = TransformSpec.model_validate_json((folder / "transform.json").read_text(encoding="utf-8"))
        classes, temperature = tuple(labels["classes"]), float(checks["temperature"])
        parity = float(checks["parity"]["largest_difference"])
        return Package(folder, transform, labels["task"], classes, labels["backbone"], temperature, parity)
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise PackageError(
            f"package {folder} was packed by another release ({reason}); register the model again"
        ) from error


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _timed(package: Package, image: Array) -> float:
    started = time.perf_counter()
    package.predict(image)
    return (time.perf_counter() - started) * 1000
