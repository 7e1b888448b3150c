"""How much of a model's judgement survives when its images are disturbed: accuracy, the gate's metric, and flips."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.specs.spec import Array
from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling, bootstrap_interval
from evaluation.inference.interval import Interval
from evaluation.predictions.metrics import METRICS, MetricName
from evaluation.predictions.predictions import Predictions
from evaluation.stress.config import CorruptionName

COLUMNS = ["disturbance", "strength", "measure", "value", "low", "high"]
FLIPPED = "flipped"
BLOCK = 128  # images that are disturbed at a time

Probabilities = npt.NDArray[np.floating]
Predict = Callable[[Array], Probabilities]
Disturbed = tuple[str, float, Probabilities]  # what was done, how strongly, and what the model then said [N, K]


@dataclasses.dataclass(frozen=True, eq=False)
class Robustness:
    """One model under disturbances.

    Attributes:
        table: tidy, columns COLUMNS; `measure` is accuracy, the chosen metric or "flipped"; strength 0 is clean. The
            ends are nan where no interval can be had (one group), the value where the metric is undefined.
        metric: the chosen metric.
        samples: number of samples.
        groups: number of groups.
    """

    table: pd.DataFrame
    metric: str
    samples: int
    groups: int

    def curve(self, disturbance: str, measure: str) -> pd.DataFrame:
        """The rows of one measure under one disturbance, weakest first."""
        chosen = (self.table["disturbance"] == disturbance) & (self.table["measure"] == measure)
        return self.table[chosen].sort_values("strength")

    def means(self) -> dict[str, float]:
        """Mean of each measure over everything that was done to the images; the clean ones do not count."""
        disturbed = self.table[self.table["strength"] > 0]
        found = disturbed.groupby("measure", sort=False)["value"].mean()
        return {str(measure): float(value) for measure, value in found.items()}


def judge_robustness(
    clean: Predictions, disturbed: Iterable[Disturbed], metric: MetricName, resampling: Resampling
) -> Robustness:
    """Judges what a model says of disturbed images of the samples that `clean` is about.

    A decision is the likeliest class; it flips where it is not that of the clean image, right or wrong. Shares and
    metrics respect the weights; intervals resample groups, the same ones for every disturbance.
    """
    measures = list(dict.fromkeys(["accuracy", metric]))

    def judged(kind: str, strength: float, probabilities: Probabilities) -> list[dict[str, object]]:
        """The rows of one disturbance, a measure each."""
        found = dataclasses.replace(clean, probabilities=probabilities.astype(np.float64))
        agreed = dataclasses.replace(found, truth=clean.decisions)
        bounds: dict[str, Interval] = {name: _interval(name, found, resampling) for name in measures}
        bounds[FLIPPED] = _complement(_interval("accuracy", agreed, resampling))
        row = {"disturbance": kind, "strength": float(strength)}
        return [row | {"measure": name} | dataclasses.asdict(interval) for name, interval in bounds.items()]

    rows = [row for kind, strength, probabilities in disturbed for row in judged(kind, strength, probabilities)]
    kinds = list(dict.fromkeys(str(row["disturbance"]) for row in rows))
    untouched = judged("", 0, clean.probabilities)
    rows = [first | {"disturbance": kind} for kind in kinds for first in untouched] + rows
    return Robustness(pd.DataFrame(rows, columns=COLUMNS), metric, len(clean), clean.group_count)


def corrupted(
    images: Array, predict: Predict, *, corruptions: list[CorruptionName], severities: list[int], seed: int
) -> Iterator[Disturbed]:
    """Yields what a model says of uint8 images [N, H, W, C] under each corruption at each severity.

    `predict` gives probabilities [N, K] of such images.
    """
    from evaluation.stress.corruptions import corrupt  # brings torch

    for corruption in corruptions:
        for severity in severities:
            said = [
                predict(corrupt(images[start : start + BLOCK], corruption, severity, seed=seed + start))
                for start in range(0, len(images), BLOCK)
            ]
            yield corruption, severity, np.concatenate(said)


def choose_samples(predictions: Predictions, count: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Positions of at most `count` random samples, ascending; each class has the share that it has in the whole.

    Raises:
        EvaluationError: fewer than one sample is asked for.
    """
    if count < 1:
        raise EvaluationError(f"{count} samples; choose at least one")
    if count >= len(predictions):
        return np.arange(len(predictions))
    shuffled = np.random.default_rng(seed).permutation(len(predictions))
    by_class = shuffled[np.argsort(predictions.truth[shuffled], kind="stable")]
    places = ((np.arange(count) + 0.5) * len(predictions) / count).astype(np.int64)
    return np.sort(by_class[places]).astype(np.int64)


def _interval(metric: str, predictions: Predictions, resampling: Resampling) -> Interval:
    if predictions.group_count > 1:
        return bootstrap_interval(metric, predictions, resampling)
    value = METRICS[metric].function(predictions.truth, predictions.probabilities, predictions.weights)
    return Interval(value, np.nan, np.nan)


def _complement(share: Interval) -> Interval:
    value, low, high = (round(1 - number, 12) + 0.0 for number in (share.value, share.high, share.low))
    return Interval(value, low, high)  # rounded: 2e-16 of all decisions is none
