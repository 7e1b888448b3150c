"""Ranking: how well each stage of each frozen backbone, at each image size, already tells the classes apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.stores.dataset import Dataset
from evaluation.drawing import GREY, blank_figure
from evaluation.inference.interval import Interval, student_interval
from lightning_modules.insight.source_head import SourceHead
from lightning_modules.insight.transferability import Fold, Labels, knn_accuracy, leep, logme_folds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDS = 5
NEIGHBOURS = 10
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """One stage of one backbone at one image size; `depth` is the share of the backbone's stages up to it.

    `accuracies` are the k-NN accuracies of the folds, the same folds for every score of a ranking; `logme` is the mean
    over the folds between the least and the greatest.
    """

    backbone: str
    size: int
    stage: str
    depth: float
    dimensions: int
    knn: Interval
    accuracies: tuple[float, ...]
    logme: Interval
    leep: float | None


def draw_training(dataset: Dataset, count: int, *, seed: int) -> pd.DataFrame:
    """At most `count` manifest rows of the training split: classes in their proportion, none left out.

    A larger draw of the same seed holds the smaller one, so that cached features serve both.
    """
    rows = dataset.rows("train")
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = pd.Series(dataset.labels(rows)[order])
    place = shuffled.groupby(shuffled).cumcount() / shuffled.groupby(shuffled).transform("size")
    chosen = order[np.argsort(place.to_numpy(), kind="stable")[:count]]
    return rows.iloc[np.sort(chosen)].reset_index(drop=True)


@dataclass(frozen=True)
class Embedder:
    """One backbone at one image size, with the classifier of its source task where the weight file brought one."""

    backbone: str
    size: int
    head: SourceHead | None


def score_stages(
    embedder: Embedder,
    features: Mapping[str, npt.NDArray[np.float32]],
    labels: Labels,
    parts: Sequence[Fold],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Score]:
    """Scores every stage's features [N, D] by k-NN and LogME; LEEP at the last one, where the source head exists."""
    backbone, size = embedder.backbone, embedder.size
    scores = []
    for place, (stage, vectors) in enumerate(features.items(), 1):
        last = embedder.head if place == len(features) else None
        source = None if last is None else leep(last.probabilities(vectors), labels)
        accuracies = knn_accuracy(vectors, labels, parts, k=NEIGHBOURS)
        knn, evidence = fold_interval(accuracies), logme_folds(vectors, labels, parts)
        shown = Interval(knn.value, max(0.0, knn.low), min(1.0, knn.high))
        spread = Interval(float(evidence.mean()), float(evidence.min()), float(evidence.max()))
        depth, each = place / len(features), tuple(accuracies.tolist())
        scores.append(Score(backbone, size, stage, depth, vectors.shape[1], shown, each, spread, source))
        progress(place, len(features))
    return scores


def best_first(scores: Sequence[Score]) -> list[Score]:
    """Scores by falling k-NN accuracy; LogME decides where it is equal."""
    return sorted(scores, key=lambda score: (-score.knn.value, -score.logme.value))


def behind_best(score: Score, best: Score) -> Interval:
    """How much k-NN accuracy a score lacks against the best, fold by fold; an interval with 0 inside is a tie."""
    return fold_interval(np.array(best.accuracies) - np.array(score.accuracies))


def fold_interval(values: npt.NDArray[np.float64]) -> Interval:
    """Mean of one value a fold with its 95% interval.

    Folds share most of their training samples; the variance is widened for that by the share that is held out (Nadeau
    and Bengio 2003, "Inference for the Generalization Error").
    """
    count = len(values)
    error = float(np.sqrt(values.var(ddof=1) * (1 / count + 1 / (count - 1))))
    return student_interval(float(values.mean()), error, freedom=count - 1, level=LEVEL)


def ranking_table(scores: Sequence[Score]) -> pd.DataFrame:
    """One row a score, best first, in plain columns."""
    ordered = best_first(scores)
    behind = [behind_best(score, ordered[0]) for score in ordered]
    rows = [
        {
            "backbone": score.backbone, "size": score.size, "stage": score.stage, "depth": round(score.depth, 4),
            "dimensions": score.dimensions,
            "knn": score.knn.value, "knn_low": score.knn.low, "knn_high": score.knn.high,
            "logme": score.logme.value, "logme_low": score.logme.low, "logme_high": score.logme.high,
            "leep": score.leep, "behind": lack.value, "behind_low": lack.low, "behind_high": lack.high,
        }
        for score, lack in zip(ordered, behind, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def ranking_figure(scores: Sequence[Score], baseline: float) -> "Figure":
    """Draws k-NN accuracy with its interval, and LogME, over the depth of the network: one line a backbone and size.

    The dashed line is the share of the most frequent class.
    """
    figure = blank_figure(9.6, 4.4)
    left, right = figure.subplots(1, 2)
    deeper = sorted(scores, key=lambda score: (score.backbone, -score.size, score.depth))
    for backbone, size in dict.fromkeys((score.backbone, score.size) for score in deeper):
        line = [score for score in deeper if (score.backbone, score.size) == (backbone, size)]
        _draw_line(left, line, [score.knn for score in line], f"{backbone} at {size} px")
        _draw_line(right, line, [score.logme for score in line], None)
    left.axhline(baseline, color=GREY, linestyle="--", linewidth=1, label="most frequent class")
    left.set(ylabel=f"accuracy of {NEIGHBOURS} nearest neighbours", title="k-NN with 95% interval over folds")
    right.set(ylabel="log evidence a sample", title="LogME with its range over folds")
    for axes in (left, right):
        axes.set(xlabel="share of the backbone's stages that were run", xlim=(0, 1.03))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_line(axes: "Axes", line: Sequence[Score], values: Sequence[Interval], label: str | None) -> None:
    means = np.array([value.value for value in values])
    around = np.abs(np.array([[value.low, value.high] for value in values]).T - means)
    axes.errorbar([score.depth for score in line], means, yerr=around, marker="o", markersize=3, capsize=2, label=label)
