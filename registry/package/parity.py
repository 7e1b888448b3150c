"""Golden-batch parity: the trained network, the ONNX package and the serving path say the same of the same samples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.specs.spec import Array
from lightning_modules.network.onnx import Floats
from registry.errors import PackageError
from registry.package.package import Package

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Golden:
    """A fixed batch: arrays of the spec [N, ...] and the hash of each."""

    samples: Array
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Parity:
    """The largest difference of an answer from the network's, on which path and sample, and of how many samples."""

    largest_difference: float
    path: str
    sample: str
    samples: int


def prove_parity(package: Package, network: "Network", golden: Golden) -> Parity:
    """Compares the package and the serving path with the network.

    Raises:
        PackageError: a decision differs, or an answer by more than 1e-3; where and by how much is named.
    """
    import torch

    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(golden.samples))
    found = {"ONNX package": package.predict(golden.samples)[0], "serving path": _served(package, golden.samples)}
    parities = [
        _compare(path, answer.numpy(), answers[task], golden)
        for path, answers in found.items()
        for task, answer in zip(package.tasks, wanted, strict=False)
    ]
    return max(parities, key=lambda parity: parity.largest_difference)


def _served(package: Package, samples: Array) -> dict[str, Floats]:
    """Answers as serving finds them: from a file's bytes through the package's own transform."""
    spec = package.transform.spec
    decoded = [package.transform.decode(spec.encode(sample)) for sample in samples]
    return package.predict(np.stack(decoded))[0]


def _compare(path: str, wanted: Floats, found: Floats, golden: Golden) -> Parity:
    # Not a number is as wrong as it gets.
    difference = np.nan_to_num(np.abs(wanted - found), nan=np.inf).max(axis=1)
    flipped = wanted.argmax(1) != found.argmax(1)
    worst = int(np.argmax(difference + flipped))
    if flipped[worst] or difference[worst] > TOLERANCE:
        raise PackageError(
            f"network and {path} differ by {difference[worst]:.2g} on sample {golden.hashes[worst][:12]} of the golden "
            f"batch, over {TOLERANCE} or in the decision; nothing is registered: {_remedy(path)}"
        )
    return Parity(float(difference[worst]), path, golden.hashes[worst], len(golden.hashes))


def _remedy(path: str) -> str:
    if path == "serving path":
        return "data.transform decodes other pixels than training saw; run the flow again, it prepares the data anew"
    return "the export changed the network; train with another backbone or report this one"
