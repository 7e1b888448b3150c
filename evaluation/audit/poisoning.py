"""Poisoning screen: samples that stand far out of their own class, as those with a planted trigger do."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float32]
DIRECTIONS = 3
CHANCE = 0.01
FEWEST = 20  # below it neither a direction nor a spread can be estimated
ALWAYS = 10  # listed of every class, whatever the threshold says
COLUMNS = ["place", "label", "score", "threshold"]


@dataclass(frozen=True, eq=False)
class PoisoningScreen:
    """The samples to look at, columns COLUMNS, the highest score over its class's threshold first.

    They are those above the threshold, `above` in number, and the first ALWAYS of every class; `left_out` are classes
    with fewer than FEWEST samples.
    """

    ranked: pd.DataFrame
    above: int
    left_out: tuple[str, ...]


def screen_poisoning(
    features: Floats,
    labels: npt.NDArray[np.int64],
    classes: tuple[str, ...],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PoisoningScreen:
    """Ranks samples by the spectral signature of their class; `features` [N, D], `labels` class indices [N]."""
    level = np.sign(features) * np.sqrt(np.abs(features))  # activations are skewed, and a tail is no trigger
    spread = level.std(axis=0)
    standardised = (level - level.mean(axis=0)) / np.where(spread > 0, spread, 1)
    tables, left_out = [], []
    for number, name in enumerate(classes):
        members = np.flatnonzero(labels == number)
        if len(members) < FEWEST:
            left_out.append(name)
        else:
            tables.append(_screened(standardised[members], members, name))
        progress(number + 1, len(classes))
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    order = (found["score"] / found["threshold"]).sort_values(ascending=False, kind="stable").index
    above = int((found["score"] > found["threshold"]).sum())
    return PoisoningScreen(found.loc[order].reset_index(drop=True), above, tuple(left_out))


def _screened(features: Floats, members: npt.NDArray[np.int64], name: str) -> pd.DataFrame:
    """What is to be listed of one class."""
    scores = spectral_scores(features)
    table = pd.DataFrame({"place": members, "label": name, "score": scores, "threshold": threshold(scores)})
    ranked = table.sort_values("score", ascending=False, kind="stable")
    return ranked.head(max(ALWAYS, int((scores > threshold(scores)).sum())))


def spectral_scores(features: Floats) -> npt.NDArray[np.float64]:
    """Outlier scores [N] of one class's features [N, D].

    Features are centred and projected on their top right singular vectors; the score is the largest distance from a
    projection's median in robust standard deviations. Tran et al. 2018 (arXiv 1811.00636) take one vector, of a network
    that has learned the trigger. Features of a frozen network show it less, so that several are looked at.
    """
    from scipy.sparse.linalg import svds

    centred = features - features.mean(axis=0)
    if not centred.any():  # a class of one and the same image
        return np.zeros(len(features))
    count = min(DIRECTIONS, min(centred.shape) - 1)
    left, singular, _ = svds(centred, count, v0=np.ones(min(centred.shape), centred.dtype))  # the same start every time
    projected = (left * singular).astype(np.float64)
    distance = np.abs(projected - np.median(projected, axis=0))
    spread = 1.4826 * np.median(distance, axis=0)  # the standard deviation, if the projection is Gaussian
    scores: npt.NDArray[np.float64] = (distance / np.where(spread > 0, spread, np.inf)).max(axis=1)
    return scores


def threshold(scores: npt.NDArray[np.float64]) -> float:
    """The score that one of the clean samples [N] passes with the probability CHANCE.

    Scores of clean samples are taken for log-normal, with the median and the median absolute deviation of all: classes
    of several kinds of samples have heavy tails, and normal ones would list a tenth of them.
    """
    from scipy.stats import norm

    logs = np.log(np.maximum(scores, np.finfo(np.float64).tiny))
    spread = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    return float(np.exp(np.median(logs) + norm.isf(CHANCE / len(scores)) * spread))
