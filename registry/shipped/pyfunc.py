"""What `mlflow.pyfunc.load_model` runs: ONNX Runtime on a verified package, without Regraft, torch or pickle."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .manifest import read_verified, verify

BATCH = 64
TYPES = {"tensor(uint8)": np.uint8, "tensor(int64)": np.int64, "tensor(float)": np.float32}


class OnnxModel:
    """A verified package that takes arrays of its spec [N, ...]."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        digests = verify(folder, _keys(os.environ.get("REGRAFT_VERIFY_KEY", "")))
        model = read_verified(folder, "model.onnx", digests)  # what was verified is what runs
        self._session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def predict(self, samples: Any, params: dict[str, Any] | None = None) -> dict[str, npt.NDArray[np.float32]]:
        """The model's outputs by name, such as probabilities [N, K] and embedding [N, D]."""
        (given,) = self._session.get_inputs()
        arrays = np.asarray(samples, TYPES[given.type])
        parts = [self._session.run(None, {given.name: batch}) for batch in _batches(arrays)]
        names = [output.name for output in self._session.get_outputs()]
        return {name: np.concatenate(part) for name, part in zip(names, zip(*parts, strict=True), strict=True)}


def _load_pyfunc(path: str) -> OnnxModel:
    """MLflow's entry: `path` is the package."""
    return OnnxModel(Path(path))


def _keys(text: str) -> list[str]:
    """Paths of public keys; a text that names none is a mistake, not leave to load anything."""
    keys = [key for key in text.split(os.pathsep) if key.strip()]
    if text and not keys:
        raise ValueError(f"REGRAFT_VERIFY_KEY={text!r} names no PEM file of a public key; name one, or unset it")
    return keys


def _batches(samples: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, max(len(samples), 1), BATCH):
        yield samples[start : start + BATCH]
