"""The model package: one folder without pickle that serving, evaluation and drift load.

model.onnx            uint8 [N, H, W, C] in; probabilities [N, K] and embedding [N, D] out; normalisation inside
weights.safetensors   the same network for training on
transform.json        the transform spec
labels.json           task, classes, backbone
reference.parquet     what the network said of its training and validation samples: the drift reference
manifest.json         sha256 of each file above; checked before anything is loaded
"""

import hashlib
import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.atomic import write_text
from data.images import Array
from data.manifest import read_table, write_table
from data.settings import load_settings
from data.transforms import TransformSpec
from lightning_modules.onnx_export import Floats, export_onnx, open_session, run_session
from registry.errors import PackageError

if TYPE_CHECKING:
    from lightning_modules.network import Network

FILES = ("labels.json", "model.onnx", "reference.parquet", "transform.json", "weights.safetensors")
PARITY = 1e-3


@dataclass(frozen=True)
class Package:
    """A verified package, ready to predict."""

    folder: Path
    transform: TransformSpec
    task: str
    classes: tuple[str, ...]
    backbone: str

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


def build_package(
    folder: Path,
    network: "Network",
    transform: TransformSpec,
    *,
    task: str,
    classes: tuple[str, ...],
    backbone: str,
    reference: pd.DataFrame,
    golden: Array,
) -> Package:
    """Writes a package and proves on the golden images that it predicts what the network predicts.

    Raises:
        PackageError: probabilities differ by more than 1e-3; the largest difference is named.
        StorageError: the disk refused a write.
    """
    from safetensors.torch import save_file  # brings torch

    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(network, transform.image.shape, folder / "model.onnx")
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / "weights.safetensors"
    )
    write_text(folder / "transform.json", transform.model_dump_json(indent=1))
    write_text(folder / "labels.json", json.dumps({"task": task, "classes": classes, "backbone": backbone}, indent=1))
    write_table(folder / "reference.parquet", reference)
    write_text(folder / "manifest.json", json.dumps({name: _sha256(folder / name) for name in FILES}, indent=1))
    package = load_package(folder)
    _prove_parity(package, network, golden)
    return package


def load_package(folder: Path) -> Package:
    """Verifies a package file by file and opens it.

    Raises:
        PackageError: a file is missing or is not what was packed.
    """
    _verify(folder)
    try:
        labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        transform = TransformSpec.model_validate_json((folder / "transform.json").read_text(encoding="utf-8"))
        return Package(folder, transform, labels["task"], tuple(labels["classes"]), labels["backbone"])
    except (ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise PackageError(
            f"package {folder} was packed by another release ({reason}); register the model again"
        ) from error


def _verify(folder: Path) -> None:
    """Compares every file with its sha256 in the manifest, before any of them is read."""
    try:
        expected = dict(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        wrong = [name for name in FILES if expected.get(name) != _sha256(folder / name)]
    except (OSError, ValueError, TypeError) as error:
        raise PackageError(
            f"package {folder} is incomplete or unreadable ({error}); register the model again"
        ) from error
    if wrong:
        raise PackageError(
            f"package {folder}: {wrong[0]} is not the file that was packed; roll back or register the model again"
        )


def _prove_parity(package: Package, network: "Network", golden: Array) -> None:
    import torch

    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(golden))[0].numpy()
    found, _ = package.predict(golden)
    largest = float(np.abs(wanted - found).max())
    if largest > PARITY or not (wanted.argmax(1) == found.argmax(1)).all():
        raise PackageError(
            f"package and network differ by {largest:.2g} on the golden batch, over {PARITY}; nothing is registered"
        )


def _timed(package: Package, image: Array) -> float:
    started = time.perf_counter()
    package.predict(image)
    return (time.perf_counter() - started) * 1000


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
