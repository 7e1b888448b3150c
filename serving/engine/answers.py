"""What a package says of samples, as it is answered, logged and tabled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from data.specs.spec import Array
from data.specs.transform import Transform

Floats = npt.NDArray[np.float32]
HALF_RANGE = float(np.finfo(np.float16).max)


class Scorer(Protocol):
    """What is needed of a package."""

    @property
    def transform(self) -> Transform:
        """The transform that the model was trained with."""

    @property
    def headline(self) -> str:
        """Name of the task whose answer is logged."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The K class names in the order of that answer."""

    def predict(self, samples: Array) -> tuple[dict[str, Floats], Floats]:
        """Arrays of the spec [N, ...] to the answer to each task [N, K] and embeddings [N, D]."""


@dataclass(frozen=True)
class Answer:
    """What a package says of one sample.

    Attributes:
        predicted: the likeliest class.
        probabilities: of each class of the headline task, [K].
        embedding: [D]; what lies beyond float16's range is clipped rather than made infinite.
        facts: what the spec measures of the array; the batcher adds what it sees of the bytes.
        tasks: the answer to each task, the headline's included.
    """

    predicted: str
    probabilities: Floats
    embedding: npt.NDArray[np.float16]
    facts: Mapping[str, float]
    tasks: Mapping[str, Floats]

    @property
    def confidence(self) -> float:
        """The probability of the likeliest class, calibrated as the package is."""
        return float(self.probabilities.max())


def answers_to(package: Scorer, arrays: Sequence[Array]) -> list[Answer]:
    """The answer to each of some arrays of the package's spec, in their order; none to none."""
    if not arrays:
        return []
    samples = np.stack(arrays)
    (said, embeddings), measured = package.predict(samples), package.transform.spec.measure(samples)
    return [
        Answer(
            predicted=package.classes[int(said[package.headline][place].argmax())],
            probabilities=said[package.headline][place],
            embedding=embeddings[place].clip(-HALF_RANGE, HALF_RANGE).astype(np.float16),
            facts={name: float(values[place]) for name, values in measured.items()},
            tasks={task: rows[place] for task, rows in said.items()},
        )
        for place in range(len(samples))
    ]
