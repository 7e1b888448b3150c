"""The model package: one folder without pickle that serving, evaluation and drift load.

model.onnx            arrays of the spec [N, ...] in; the answer to each task and the embedding [N, D] out; preparation
                      and temperature inside
weights.safetensors   the same network for training on
transform.json        the transform spec, with the version of the code that follows it where it is not the first
labels.json           tasks, backbone
reference.parquet     what the network said of its training and validation samples, or after a refit heads like its own
                      that had not seen the sample: the drift reference
checks.json           temperatures, and the largest difference between the three ways to a prediction
data_card.json, bom.json, model_card.md    what people and auditors read; written by `registry.cards.describing`
origin.json           domain and run that it belongs to; written by `registry.package.origin` when it is registered
manifest.json         sha256 of each file above; checked before anything is loaded
manifest.sig          its ed25519 signature, where REGRAFT_SIGNING_KEY is set
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.specs.spec import DECODER_VERSION, Array
from data.specs.transform import Transform
from data.stores.manifest import read_table
from data.targets.task import Task
from lightning_modules.network.onnx import Floats, open_session, run_session
from registry.errors import PackageError
from registry.shipped.manifest import verify
from settings.machine import load_settings

log = logging.getLogger(__name__)
FILES = ("checks.json", "labels.json", "model.onnx", "reference.parquet", "transform.json", "weights.safetensors")


@dataclass(frozen=True)
class Package:
    """A verified package, ready to predict.

    `temperatures` divide the logits of each task inside the model; `parity` is the largest difference of an answer
    between network, package and serving path on the golden batch.
    """

    folder: Path
    transform: Transform
    tasks: Mapping[str, Task]
    backbone: str
    temperatures: Mapping[str, float]
    parity: float

    @property
    def headline(self) -> str:
        """Name of the task by which versions are compared."""
        return next(iter(self.tasks))

    @property
    def classes(self) -> tuple[str, ...]:
        """Columns of the headline task's answer, in their order."""
        return self.tasks[self.headline].columns

    @cached_property
    def _session(self) -> Any:
        return open_session(self.folder / "model.onnx", load_settings().cores)

    @cached_property
    def reference(self) -> pd.DataFrame:
        """The drift reference: hash, group, split, the spec's measures, answers and embedding of each sample."""
        return read_table(self.folder / "reference.parquet")

    @property
    def size_mb(self) -> float:
        """Size of what is served, megabytes."""
        return (self.folder / "model.onnx").stat().st_size / 1e6

    def predict(self, samples: Array) -> tuple[dict[str, Floats], Floats]:
        """The answer to each task [N, columns] and embeddings [N, D] of arrays of the spec [N, ...].

        Raises:
            PackageError: the arrays are not of the package's type and shape.
        """
        spec = self.transform.spec
        if samples.dtype != spec.dtype or samples.shape[1:] != spec.shape:
            raise PackageError(
                f"samples are {samples.dtype} {samples.shape[1:]}, the package takes {spec.dtype} {spec.shape}"
            )
        *answers, embeddings = run_session(self._session, samples)
        return dict(zip(self.tasks, answers, strict=True)), embeddings

    def decisive(self, samples: Array) -> Floats:
        """The answer to the headline task [N, columns]."""
        return self.predict(samples)[0][self.headline]

    def latency_ms(self, repeats: int = 30) -> float:
        """95th percentile of the time for one sample on this machine, milliseconds."""
        sample = self.transform.spec.example()[None]
        self.predict(sample)
        return float(np.percentile([_timed(self, sample) for _ in range(repeats)], 95))


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
        described = (folder / "transform.json").read_text(encoding="utf-8")
        transform = Transform.read(described)
        _warn_of_decoder(folder, json.loads(described).get("decoder", 1))
        tasks, parity = _tasks(labels), float(checks["parity"]["largest_difference"])
        return Package(folder, transform, tasks, labels["backbone"], _temperatures(checks, tasks), parity)
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise PackageError(
            f"package {folder} was packed by another release ({reason}); register the model again"
        ) from error


def _warn_of_decoder(folder: Path, version: int) -> None:
    """Tells of a model that learned from samples which this release decodes otherwise; it goes on serving."""
    if version != DECODER_VERSION:
        log.warning(
            "package %s learned from samples of decoder %s, this release has decoder %s: its answers may be worse; "
            "retrain the domain",
            folder, version, DECODER_VERSION,
        )  # fmt: skip


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _tasks(labels: dict[str, Any]) -> dict[str, Task]:
    """The tasks; packages of earlier releases name one classification."""
    stated = labels.get("tasks") or {labels["task"]: {"classes": labels["classes"]}}
    return {name: Task.chosen(task) for name, task in stated.items()}


def _temperatures(checks: dict[str, Any], tasks: Mapping[str, Task]) -> dict[str, float]:
    """The temperature of each task; packages of earlier releases have one number."""
    found = checks["temperature"]
    return {name: float(found[name] if isinstance(found, dict) else found) for name in tasks}


def _timed(package: Package, sample: Array) -> float:
    started = time.perf_counter()
    package.predict(sample)
    return (time.perf_counter() - started) * 1000
