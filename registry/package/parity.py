"""Golden-batch parity: the trained network, the ONNX package and the serving path say the same of the same samples.

What the network says comes from training's side: its arrays, and torch. The package says it of the same arrays, the
serving path of the samples' files: their bytes, the package's own transform, ONNX.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from data.specs.spec import Array
from data.targets.task import Task
from lightning_modules.network.onnx import Floats
from registry.errors import PackageError
from registry.package.golden import EMBEDDING, NAME, GoldenSamples, read_golden
from registry.package.package import Package

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

TOLERANCE = 1e-3
# Of an embedding's length. ONNX is off by 1e-5; another resize filter moves real pictures by 0.05 to 0.19, also where
# a sure network gives the same probabilities.
NEAR = 0.01
WHOLLY = 1.0  # how far apart probabilities can be at most


@dataclass(frozen=True)
class Golden:
    """A fixed batch: arrays of the spec [N, ...], the hash of each, and the bytes of some as their source gave them."""

    samples: Array
    hashes: tuple[str, ...]
    raw: Mapping[str, bytes] = field(default_factory=dict)

    def samples_as_files(self, said: Mapping[str, Floats]) -> GoldenSamples:
        """Those that there are bytes of, with what was `said` of the batch."""
        rows = [self.hashes.index(digest) for digest in self.raw]
        return GoldenSamples(self.raw, {name: answer[rows] for name, answer in said.items()})


@dataclass(frozen=True)
class Parity:
    """The largest difference of an answer from the network's, on which path and sample, and of how many samples."""

    largest_difference: float
    path: str
    sample: str
    samples: int


def said_by(network: "Network", tasks: Mapping[str, Task], samples: Array) -> dict[str, Floats]:
    """What the network in torch says of arrays: the answer to each task, and the embedding."""
    import torch

    with torch.inference_mode():
        *answers, embedding = network.eval()(torch.from_numpy(samples))
    named = zip((*tasks, EMBEDDING), (*answers, embedding), strict=True)
    return {name: answer.numpy() for name, answer in named}


def prove_parity(package: Package, said: Mapping[str, Floats], golden: Golden) -> Parity:
    """Compares the package and the serving path with what the network said of the golden batch.

    Without raw samples the serving path is not compared: such a package is not to be registered.

    Raises:
        PackageError: a decision differs, an answer by more than 1e-3, or an embedding by more than 1% of its length;
            where and by how much is named.
    """
    parities = [_agreed("ONNX package", said, _answers(package, golden.samples), golden.hashes)]
    if golden.raw:
        files = golden.samples_as_files(said)
        found = _answers(package, files.decoded(package.transform))
        parities.append(_agreed("serving path", files.said, found, files.hashes))
    return max(parities, key=lambda parity: parity.largest_difference)


def served_difference(package: Package) -> float:
    """Largest difference of an answer on the serving path of this machine, 1 where a decision or embedding is another.

    From the golden samples of the package; what was found when it was packed, where an earlier release packed none.
    """
    if NAME not in (package.digests or {}):
        return package.parity
    golden = read_golden(package.content(NAME))
    found = _answers(package, golden.decoded(package.transform))
    difference, wrong = _differences(golden.said, found)
    return WHOLLY if wrong.any() else float(difference.max())


def _answers(package: Package, samples: Array) -> dict[str, Floats]:
    answers, embedding = package.predict(samples)
    return {**answers, EMBEDDING: embedding}


def _agreed(path: str, said: Mapping[str, Floats], found: Mapping[str, Floats], hashes: Sequence[str]) -> Parity:
    """Where two ways to the same answers differ most; raises where that is too much."""
    difference, wrong = _differences(said, found)
    worst = int(np.argmax(difference + wrong))
    if wrong[worst]:
        raise PackageError(
            f"network and {path} differ by {difference[worst]:.2g} on sample {hashes[worst][:12]} of the golden batch, "
            f"over {TOLERANCE}, in the decision or in the embedding; nothing is registered: {_remedy(path)}"
        )
    return Parity(float(difference[worst]), path, hashes[worst], len(hashes))


def _differences(said: Mapping[str, Floats], found: Mapping[str, Floats]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """By sample: the largest difference of an answer, and whether it, a decision or the embedding is wrong."""
    # Not a number is as wrong as it gets.
    gaps = {name: np.nan_to_num(np.abs(said[name] - found[name]), nan=np.inf) for name in said}
    answers = [name for name in said if name != EMBEDDING]
    difference = np.max([gaps[name].max(axis=1) for name in answers], axis=0)
    flipped = np.any([said[name].argmax(axis=1) != found[name].argmax(axis=1) for name in answers], axis=0)
    length = np.linalg.norm(said[EMBEDDING], axis=1)
    far = np.linalg.norm(gaps[EMBEDDING], axis=1) > NEAR * length
    return difference, flipped | far | (difference > TOLERANCE)


def _remedy(path: str) -> str:
    if path == "serving path":
        return (
            "the files give other pixels than training saw, as with another version of Pillow; delete transform.json "
            "of the domain's processed data and run the flow again, which decodes all anew"
        )
    return "the export changed the network; train with another backbone or report this one"
