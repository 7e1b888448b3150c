"""What `mlflow.pyfunc.load_model` runs: ONNX Runtime on a verified package, without Regraft, torch or pickle."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .manifest import verify

BATCH = 64


class OnnxModel:
    """A verified package that takes uint8 images [N, H, W, C]."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        verify(folder, _keys(os.environ.get("REGRAFT_VERIFY_KEY", "")))
        self._session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])

    def predict(self, images: Any, params: dict[str, Any] | None = None) -> dict[str, npt.NDArray[np.float32]]:
        """Probabilities [N, K] and embedding [N, D] of uint8 images [N, H, W, C]."""
        parts = [self._session.run(None, {"images": batch}) for batch in _batches(np.asarray(images, np.uint8))]
        probabilities, embeddings = zip(*parts, strict=True)
        return {"probabilities": np.concatenate(probabilities), "embedding": np.concatenate(embeddings)}


def _load_pyfunc(path: str) -> OnnxModel:
    """MLflow's entry: `path` is the package."""
    return OnnxModel(Path(path))


def _keys(text: str) -> list[str]:
    """Paths of public keys; a text that names none is a mistake, not leave to load anything."""
    keys = [key for key in text.split(os.pathsep) if key.strip()]
    if text and not keys:
        raise ValueError(f"REGRAFT_VERIFY_KEY={text!r} names no PEM file of a public key; name one, or unset it")
    return keys


def _batches(images: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
    for start in range(0, max(len(images), 1), BATCH):
        yield images[start : start + BATCH]
