"""A network as ONNX, and ONNX Runtime to run it: about three times faster than torch on a CPU, and without torch."""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.specs.spec import Array, Spec
from data.stores.atomic import atomic_path

if TYPE_CHECKING:
    import onnxruntime
    from torch import nn

Floats = npt.NDArray[np.float32]
MOST = 64  # samples of a batch
# Of a batch: what a layer makes of them stays in the processor's caches then. Lite0 at 224 px, two cores: 150 images a
# second in batches of 8, 90 in batches of 64, the same to the bit.
PIXELS = 8 * 224**2


def export_onnx(network: "nn.Module", spec: Spec, path: Path, outputs: tuple[str, ...]) -> None:
    """Writes `network` (arrays of the spec in; the named outputs out) with a free batch dimension.

    torch's TorchScript exporter is used: its graph runs twice as fast here as the newer exporter's.

    Raises:
        StorageError: the disk refused the write.
    """
    import torch

    samples = torch.from_numpy(np.stack([spec.example()] * 2))
    with atomic_path(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (samples,),
            str(temporary),
            dynamo=False,
            input_names=[spec.input_name],
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch"} for name in (spec.input_name, *outputs)},
        )


def open_session(model: Path | bytes, threads: int) -> "onnxruntime.InferenceSession":
    """An ONNX Runtime session of a model, a file or its bytes, on `threads` threads of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def run_session(session: "onnxruntime.InferenceSession", samples: Array) -> tuple[Floats, ...]:
    """The graph's outputs (of a package: the answer to each task, and embeddings [N, D]) of arrays [N, ...]."""
    (given,) = session.get_inputs()
    outputs = [session.run(None, {given.name: batch}) for batch in _batches(samples)]
    return tuple(np.concatenate(parts) for parts in zip(*outputs, strict=True))


def _batches(samples: Array) -> Iterator[Array]:
    size = max(1, min(MOST, PIXELS // math.prod(samples.shape[1:3])))
    for start in range(0, max(len(samples), 1), size):
        yield samples[start : start + size]
