"""All that the champion answered since its promotion, a few numbers a sample: what a test after every label needs.

Rows come in parts and go again; of the newest labelled ones alone all is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.predictions.predictions import Predictions
from monitoring.performance.answers import Answers, answers_of
from monitoring.performance.expectation import Expectation

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gathered:
    """Distinct samples in the order in which they were asked.

    Attributes:
        rows: confidence; block, a number that names what the sample stands or falls with; asked and labelled, times;
            score, what a labelled sample adds to the metric (of a ranking its place, and positive says of which side).
        newest: the newest labelled samples, whole.
        strangers: labels of classes that the champion does not know.
    """

    rows: pd.DataFrame
    newest: Answers
    strangers: int

    @property
    def labelled(self) -> Bools:
        """Which samples have a label."""
        return self.rows["labelled"].notna().to_numpy(dtype=bool)


def gather(parts: Iterable[pd.DataFrame], classes: Sequence[str], expectation: Expectation, newest: int) -> Gathered:
    """Goes through parts of the log; a sample that was asked for several times counts once, as it was first.

    Args:
        parts: rows of the log with their labels, oldest first.
        classes: that name the probabilities.
        expectation: by whose metric a sample is scored.
        newest: how many labelled samples are kept whole.
    """
    seen, found, strangers = np.empty(0, np.uint64), [], 0
    kept = Answers(pd.DataFrame(), tuple(classes))
    for part in parts:
        answers = answers_of(part, classes)
        names = _numbers(answers.rows["hash"])
        answers = answers.take(~np.isin(names, seen))
        seen = np.union1d(seen, names)
        strange = answers.labelled & ~answers.rows["label"].isin(answers.classes).to_numpy()
        strangers += int(strange.sum())
        if expectation.metric != "accuracy":  # to which a new class is an error
            answers = answers.take(~strange)
        if len(answers):
            found.append(_scored(answers, expectation.metric))
            kept = _newest([kept, answers.take(answers.labelled)], newest)
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame({"labelled": pd.to_datetime([])})
    return Gathered(rows, kept, strangers)


def _scored(answers: Answers, metric: str) -> pd.DataFrame:
    """The few numbers of each sample."""
    labelled = answers.labelled
    rows = pd.DataFrame({
        "confidence": answers.confidence,
        "block": _numbers(pd.Series(answers.blocks)),
        "asked": answers.rows["time"],
        "labelled": pd.to_datetime(answers.rows["labelled"], utc=True),
        "score": np.nan,
        "positive": False,
    })  # fmt: skip
    if labelled.any():
        judged = answers.take(labelled).judged(np.ones(int(labelled.sum())))
        rows.loc[labelled, "score"] = _each(judged, metric)
        rows.loc[labelled, "positive"] = judged.truth == 1
    return rows


def _each(judged: Predictions, metric: str) -> npt.NDArray[np.float64]:
    """What each sample adds to the mean; of a ranking its place."""
    if metric == "auc":
        return judged.probabilities[:, 1]
    if metric == "accuracy":
        return judged.right.astype(np.float64)
    errors = (judged.probabilities - np.eye(len(judged.classes))[judged.truth]) ** 2
    return np.asarray(errors.sum(axis=1) / (2 if len(judged.classes) == 2 else 1))


def _newest(parts: Sequence[Answers], count: int) -> Answers:
    """The samples whose labels came last, in the order in which they came."""
    rows = pd.concat([part.rows for part in parts if len(part)] or [parts[-1].rows], ignore_index=True)
    return Answers(rows.sort_values("labelled", kind="stable").tail(count), parts[-1].classes)


def _numbers(names: "pd.Series[str]") -> npt.NDArray[np.uint64]:
    """A number that stands for each name; of a billion names two share one with a chance of 3%."""
    return np.asarray(pd.util.hash_array(names.to_numpy(dtype=object), categorize=False))
