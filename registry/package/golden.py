"""Golden samples: a few validation samples as their source gave them, and what the network said of them.

They lie in the package as `golden.zip`: the bytes of each sample under its hash, and `answers.json`. The answers come
from training's side, its arrays and torch; what is compared with them goes the way of serving, from bytes through the
package's own transform and ONNX. They are few, because whoever has the package has these samples.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.specs.transform import Transform
from lightning_modules.network.onnx import Floats
from registry.errors import PackageError
from registry.package.package import Package

NAME, ANSWERS = "golden.zip", "answers.json"
FEW, BYTES = 4, 8_000_000  # samples, and what they may weigh together
EMBEDDING = "embedding"
EPOCH = (1980, 1, 1, 0, 0, 0)  # equal samples give an equal file


@dataclass(frozen=True)
class GoldenSamples:
    """Raw samples by hash, and of each in that order the answer to each task and the embedding, [N, ...]."""

    contents: Mapping[str, bytes]
    said: Mapping[str, Floats]

    @property
    def hashes(self) -> tuple[str, ...]:
        """Hashes of the samples."""
        return tuple(self.contents)

    def decoded(self, transform: Transform) -> Floats:
        """The samples as a transform decodes them."""
        return np.stack([transform.decode(content) for content in self.contents.values()])


def affordable(contents: Mapping[str, bytes], most: int = BYTES) -> dict[str, bytes]:
    """The first few of raw samples: the first always, others while they are light enough together."""
    kept: dict[str, bytes] = {}
    for digest, content in contents.items():
        if len(kept) < FEW and (not kept or sum(map(len, kept.values())) + len(content) <= most):
            kept[digest] = content
    return kept


def golden_file(golden: GoldenSamples) -> bytes:
    """The content of golden.zip."""
    buffer = io.BytesIO()
    answers = {name: [[float(number) for number in row] for row in said] for name, said in golden.said.items()}
    with zipfile.ZipFile(buffer, "w") as archive:
        for digest, content in golden.contents.items():
            archive.writestr(zipfile.ZipInfo(digest, EPOCH), content)
        archive.writestr(zipfile.ZipInfo(ANSWERS, EPOCH), json.dumps({"samples": golden.hashes, "said": answers}))
    return buffer.getvalue()


def read_golden(content: bytes) -> GoldenSamples:
    """The golden samples of a verified golden.zip.

    Raises:
        PackageError: it is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            told = json.loads(archive.read(ANSWERS))
            contents = {digest: archive.read(digest) for digest in told["samples"]}
        return GoldenSamples(contents, {name: _floats(rows) for name, rows in told["said"].items()})
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{NAME} was packed by another release ({error}); register the model again") from error


def golden_hashes(package: Package) -> tuple[str, ...]:
    """Hashes of the samples that a verified package holds; none where an earlier release packed it."""
    return read_golden(package.content(NAME)).hashes if NAME in (package.digests or {}) else ()


def _floats(rows: Sequence[Sequence[float]]) -> Floats:
    return np.array(rows, np.float32)
