"""The model package: one folder without pickle that serving, evaluation and drift load.

model.onnx            arrays of the spec [N, ...] in; the answer to each task and the embedding [N, D] out; preparation
                      and temperature inside
weights.safetensors   the same network for training on
transform.json        the transform spec, with the version of the code that follows it where it is not the first
labels.json           tasks, backbone
reference.parquet     what the network said of its training and validation samples, or after a refit heads like its own
                      that had not seen the sample: the drift reference
golden.zip            a few validation samples as their source gave them, and what the network said of them
checks.json           temperatures, and the largest difference between the three ways to a prediction
data_card.json, bom.json, model_card.md    what people and auditors read; written by `registry.cards.describing`
origin.json           domain and run that it belongs to; written by `registry.package.origin` when it is registered
manifest.json         sha256 of each file above; checked before anything is loaded
manifest.sig          its ed25519 signature, where REGRAFT_SIGNING_KEY is set
"""

import io
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

from data.parquet import read_parquet
from data.specs.spec import DECODER_VERSION, Array
from data.specs.transform import Transform
from data.targets.task import Task
from lightning_modules.network.onnx import Floats, run_session
from registry.errors import PackageError
from registry.package.contract import open_model
from registry.shipped.manifest import read_verified, verify
from settings.machine import load_settings

log = logging.getLogger(__name__)
FILES = ("checks.json", "labels.json", "model.onnx", "reference.parquet", "transform.json", "weights.safetensors")


@dataclass(frozen=True)
class Package:
    """A verified package, ready to predict.

    `temperatures` divide the logits of each task inside the model; `parity` is the largest difference of an answer
    between network, package and serving path on the golden batch. `digests` are the sha256 of the files that were
    verified; a draft, which nothing vouches for yet, has none. `cross_fitted`: every answer of the reference is by
    heads that had seen neither the sample nor its group.
    """

    folder: Path
    transform: Transform
    tasks: Mapping[str, Task]
    backbone: str
    temperatures: Mapping[str, float]
    parity: float
    digests: Mapping[str, str] | None = None
    cross_fitted: bool = False

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
        return open_model(self.content("model.onnx"), self.transform.spec, self.tasks, self.folder)

    def opened(self) -> "Package":
        """The package itself, once its model runs and keeps its contract.

        Raises:
            PackageError: it does not.
        """
        assert self._session is not None  # noqa: S101 - it is opened by being asked for
        return self

    @cached_property
    def reference(self) -> pd.DataFrame:
        """The drift reference: hash, group, split, the spec's measures, answers and embedding of each sample."""
        found: pd.DataFrame = read_parquet(io.BytesIO(self.content("reference.parquet"))).to_pandas(use_threads=False)
        return found

    def content(self, name: str) -> bytes:
        """Bytes of a file of the package: those that were verified, whatever lies there by now.

        Raises:
            PackageError: the file is gone, or was changed after the package was verified.
        """
        if self.digests is None:
            return (self.folder / name).read_bytes()
        try:
            return read_verified(self.folder, name, self.digests)
        except ValueError as error:
            raise PackageError(str(error)) from error

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
    """Verifies a package and opens its model.

    Raises:
        PackageError: as `read_package`, or the model does not take what `transform.json` says or answer what
            `labels.json` says.
    """
    return read_package(folder).opened()


def read_package(folder: Path) -> Package:
    """Verifies a package, by its signature where REGRAFT_VERIFY_KEY is set and file by file, and reads what it says.

    Nothing in it is parsed before, and of each file just the bytes that were verified are. The model is not opened:
    what a version learned from can be asked where it does not run any more.

    Raises:
        PackageError: a file is missing or is not what was packed, or the signature is missing or wrong.
    """
    digests = verified(folder)
    try:
        return _described(folder, digests)
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise PackageError(
            f"package {folder} was packed by another release ({reason}); register the model again"
        ) from error


def verified(folder: Path) -> dict[str, str]:
    """sha256 of each file of a package that is what was packed.

    Raises:
        PackageError: it is not, or the signature is missing or wrong.
    """
    try:
        return verify(folder, load_settings().verify_keys, FILES)
    except ValueError as error:
        raise PackageError(str(error)) from error


def _described(folder: Path, digests: Mapping[str, str]) -> Package:
    """The package as its files describe it."""
    read = {name: read_verified(folder, name, digests) for name in ("labels.json", "checks.json", "transform.json")}
    labels, checks, described = (json.loads(content) for content in read.values())
    transform = Transform.read(read["transform.json"].decode("utf-8"))
    _warn_of_decoder(folder, described.get("decoder", 1))
    tasks, parity = _tasks(labels), float(checks["parity"]["largest_difference"])
    temperatures, crossed = _temperatures(checks, tasks), bool(checks.get("cross_fitted"))  # earlier releases: unsaid
    return Package(folder, transform, tasks, labels["backbone"], temperatures, parity, digests, crossed)


def _warn_of_decoder(folder: Path, version: int) -> None:
    """Tells of a model that learned from samples which this release decodes otherwise; it goes on serving."""
    if version != DECODER_VERSION:
        log.warning(
            "package %s learned from samples of decoder %s, this release has decoder %s: its answers may be worse; "
            "retrain the domain",
            folder, version, DECODER_VERSION,
        )  # fmt: skip


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
