"""What one model said about one set of samples: the only input of everything in this room."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.naming import few
from evaluation.errors import EvaluationError
from evaluation.predictions.grouped import Grouped, check_weights

if TYPE_CHECKING:
    import pandas as pd

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Predictions(Grouped):
    """Probabilities of one model beside the truth, one row a sample; checked when it is made.

    Attributes:
        hashes: content hash of every sample, N of them.
        truth: class index of every sample, int64 [N], in 0..K-1.
        probabilities: float64 [N, K], rows summing to 1 within 0.001.
        weights: float64 [N], not negative, not all zero.
        groups: name of the group of every sample; samples of a group are resampled together.
        slices: N rows, one column of strings a slicing (may have no column); a missing value is in no slice.
        classes: names of the K classes; in a binary task the last is the positive one.
        unknown: those of them that the model has never heard of; it gives them no probability.

    Raises:
        EvaluationError: lengths, ranges or sums do not hold.
    """

    hashes: list[str]
    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    groups: list[str]
    slices: "pd.DataFrame"
    classes: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what no metric could judge."""
        _check_lengths(self)
        _check_truth(self)
        _check_probabilities(self)
        check_weights(self.weights)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.hashes)

    @property
    def decisions(self) -> npt.NDArray[np.int64]:
        """The likeliest class of each sample, int64 [N]."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether that is the true one, bool [N]."""
        return np.asarray(self.decisions == self.truth)

    def take(self, rows: npt.NDArray[Any]) -> "Predictions":
        """Returns the samples at `rows` (a boolean mask [N] or positions), in that order."""
        positions = np.arange(len(self))[rows]
        return Predictions(
            hashes=[self.hashes[row] for row in positions],
            truth=self.truth[positions],
            probabilities=self.probabilities[positions],
            weights=self.weights[positions],
            groups=[self.groups[row] for row in positions],
            slices=self.slices.iloc[positions],
            classes=self.classes,
            unknown=self.unknown,
        )

    def among(self, classes: Collection[str]) -> "Predictions":
        """The samples of these classes, as if the model had been asked for one of them only.

        The columns stay, so that a metric means the same; what was given to other classes is shared out in proportion,
        equally where these got nothing.

        Raises:
            EvaluationError: there is no sample of these classes.
        """
        chosen = np.isin(self.classes, list(classes))
        rows = self.take(chosen[self.truth])
        kept = np.where(chosen, rows.probabilities, 0.0)
        total = kept.sum(axis=1, keepdims=True)
        equal = np.tile(chosen / chosen.sum(), (len(rows), 1))
        return replace(rows, probabilities=np.divide(kept, total, out=equal, where=total > 0))

    def slice_rows(self) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
        """Yields column, value and row mask [N] of every slice, columns in order and values sorted.

        A value that only other samples of the domain have, a category without a row, is an empty slice.
        """
        import pandas as pd

        for column in self.slices.columns:
            values = self.slices[column]
            known = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values.dropna().unique()
            for value in sorted(known):
                yield str(column), str(value), (values == value).to_numpy(dtype=bool)


def in_common(first: Predictions, second: Predictions) -> tuple[Predictions, Predictions]:
    """Both on the samples that both were judged on; a model is judged on none that it learned from.

    Raises:
        EvaluationError: there is none.
    """
    shared = set(first.hashes) & set(second.hashes)
    if not shared:
        sizes = f"{len(first)} and {len(second)} samples"
        raise EvaluationError(f"the two models were judged on {sizes} and share none; judge both on one test set")
    rows = [np.isin(one.hashes, list(shared)) for one in (first, second)]
    return first.take(rows[0]), second.take(rows[1])


def require_paired(first: Predictions, second: Predictions) -> None:
    """Refuses two predictions that are not about the same samples, labels, weights and groups in the same order.

    Raises:
        EvaluationError: they differ; names what and how to mend it.
    """
    remedy = "score both models in the same run on the same test set"
    if first.classes != second.classes:
        raise EvaluationError(
            f"classes {few(first.classes)} and {few(second.classes)} differ; a pair needs the same; {remedy}"
        )
    if first.hashes != second.hashes:
        shared = len(set(first.hashes) & set(second.hashes))
        sizes = f"{len(first)} and {len(second)} samples share {shared} hashes"
        raise EvaluationError(f"{sizes}; a pair needs the same samples in the same order; {remedy}")
    same = {
        "truth": np.array_equal(first.truth, second.truth),
        "weights": np.array_equal(first.weights, second.weights),
        "groups": first.groups == second.groups,
        "slices": first.slices.reset_index(drop=True).equals(second.slices.reset_index(drop=True)),
    }
    different = [name for name, equal in same.items() if not equal]
    if different:
        raise EvaluationError(f"{' and '.join(different)} of the two models differ; a pair needs the same; {remedy}")


def _check_lengths(predictions: Predictions) -> None:
    samples = len(predictions.hashes)
    if samples == 0:
        raise EvaluationError("0 samples; predictions need at least one; check that the split is not empty")
    lengths = {
        "truth": len(predictions.truth),
        "probabilities": len(predictions.probabilities),
        "weights": len(predictions.weights),
        "groups": len(predictions.groups),
        "slices": len(predictions.slices),
    }
    for name, length in lengths.items():
        if length != samples:
            raise EvaluationError(f"{name} has {length} rows, hashes {samples}; give one row a sample in every column")


def _check_truth(predictions: Predictions) -> None:
    truth, count = np.asarray(predictions.truth), len(predictions.classes)
    if count < 2 or len(set(predictions.classes)) != count:
        raise EvaluationError(f"classes {predictions.classes}: two or more different names needed; check the labels")
    if truth.ndim != 1 or truth.dtype.kind not in "iu":
        found = f"truth is {truth.dtype} {truth.shape}"
        raise EvaluationError(f"{found}; it must be integer class indices [N]; encode labels first")
    if truth.min() < 0 or truth.max() >= count:
        span = f"{truth.min()}..{truth.max()}"
        raise EvaluationError(f"truth spans {span}, outside 0..{count - 1}; encode labels with the package's classes")


def _check_probabilities(predictions: Predictions) -> None:
    values = np.asarray(predictions.probabilities)
    expected = (len(predictions), len(predictions.classes))
    if values.shape != expected:
        raise EvaluationError(f"probabilities have shape {values.shape}, not {expected}; give one column a class")
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        sample = predictions.hashes[row]
        raise EvaluationError(f"probabilities of sample {sample} are not finite; check the model for NaN")
    off = np.abs(values.sum(axis=1) - 1.0)
    if off.max() > SUM_TOLERANCE or values.min() < -SUM_TOLERANCE:
        row = int(np.argmax(np.maximum(off, -values.min(axis=1))))
        text = f"probabilities {np.round(values[row], 4).tolist()} of sample {predictions.hashes[row]}"
        raise EvaluationError(f"{text} are no distribution (>= 0, sum 1 within {SUM_TOLERANCE}); apply softmax")
