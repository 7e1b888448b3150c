"""A BentoML service; MODEL and SIZE come from the environment: `bentoml serve bentoml_service:Cells --port PORT`."""

import os
from pathlib import Path
from typing import Any

import bentoml
import numpy as np
import onnxruntime
from PIL import Image

SIZE = int(os.environ["SIZE"])


@bentoml.service(workers=1, traffic={"timeout": 60})
class Cells:
    """Probabilities of images, batched."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=1000)  # type: ignore[untyped-decorator]
    def predict(self, images: list[Path]) -> list[dict[str, Any]]:
        """One row each."""
        arrays = [_decoded(path) for path in images]
        rows = self.session.run(None, {self.name: np.stack(arrays)})[0]
        return [{"probabilities": row.tolist()} for row in rows]


def _decoded(path: Path) -> Any:
    image = Image.open(path).convert("L").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.asarray(image)[..., None]
