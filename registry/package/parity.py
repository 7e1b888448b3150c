"""Golden-batch parity: the trained network, the ONNX package and the serving path say the same of the same samples."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from data.specs.decoding import Array
from data.specs.image import ImageSpec
from lightning_modules.network.onnx import Floats
from registry.errors import PackageError
from registry.package.package import Package

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Golden:
    """A fixed batch: uint8 images [N, H, W, C] and the hash of each."""

    images: Array
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Parity:
    """The largest difference of a probability from the network's, on which path and sample, and of how many samples."""

    largest_difference: float
    path: str
    sample: str
    samples: int


def prove_parity(package: Package, network: "Network", golden: Golden) -> Parity:
    """Compares the package and the serving path with the network.

    Raises:
        PackageError: a decision differs, or a probability by more than 1e-3; where and by how much is named.
    """
    import torch

    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(golden.images))[0].numpy()
    found = {"ONNX package": package.predict(golden.images)[0], "serving path": _served(package, golden.images)}
    parities = [_compare(path, wanted, probabilities, golden) for path, probabilities in found.items()]
    return max(parities, key=lambda parity: parity.largest_difference)


def as_file(image: Array, spec: ImageSpec) -> bytes:
    """A PNG of which `spec` decodes just this image uint8 [size, size, C]: with a border where the spec crops one."""
    border = round(spec.size / spec.crop) - spec.size
    sides = (border // 2, border - border // 2)
    padded = np.pad(image, (sides, sides, (0, 0)), mode="edge")
    buffer = io.BytesIO()
    Image.fromarray(padded[..., 0] if spec.mode == "L" else padded).save(buffer, "PNG")
    return buffer.getvalue()


def _served(package: Package, images: Array) -> Floats:
    """Probabilities as serving finds them: from a file's bytes through the package's own transform."""
    decoded = [package.transform.decode(as_file(image, package.transform.image)) for image in images]
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
