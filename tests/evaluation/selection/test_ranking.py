"""Rankings put first what tells the classes apart, and say how sure that is."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.inference.interval import Interval
from evaluation.selection.ranking import (
    FOLDS,
    Embedder,
    Score,
    behind_best,
    best_first,
    draw_training,
    fold_interval,
    ranking_figure,
    ranking_table,
    score_stages,
)
from lightning_modules.insight.source_head import SourceHead
from lightning_modules.insight.transferability import grouped_folds

LABELS = np.repeat(np.arange(3), 20)
PARTS = grouped_folds(LABELS, np.arange(60).astype(str), folds=FOLDS, seed=0)


def make(accuracies: list[float], *, size: int = 32, depth: float = 1.0, logme: float = 0.0) -> Score:
    """A score with the given accuracies in the folds."""
    knn, flat = fold_interval(np.array(accuracies)), Interval(logme, logme - 0.1, logme + 0.1)
    return Score("net", size, "embedding", depth, 8, knn, tuple(accuracies), flat, None)


@pytest.fixture
def scores() -> list[Score]:
    """Scores of a noisy stage and a clear one, with a source head that knows the classes."""
    random = np.random.default_rng(0)
    clear = np.eye(3)[LABELS] + 0.1 * random.normal(size=(60, 3))
    head = SourceHead(10 * np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    features = {"stem": random.normal(size=(60, 4)), "embedding": clear}
    return score_stages(Embedder("net", 32, head), features, LABELS, PARTS)


def test_score_stages__clear_stage_wins(scores):
    """The stage that shows the classes is first by every measure; LEEP stands at the last stage alone."""
    stem, embedding = scores
    assert embedding.knn.value == 1.0
    assert stem.knn.value < 0.7
    assert embedding.logme.low > stem.logme.high
    assert stem.leep is None
    assert embedding.leep > -0.05
    assert (stem.depth, embedding.depth, embedding.dimensions) == (0.5, 1.0, 3)
    assert best_first(scores) == [embedding, stem]


def test_draw_training__proportions(workshop):
    """A draw keeps the classes' shares, holds the smaller draw of the same seed, and never opens another split."""
    few, more = (draw_training(workshop.dataset, count, seed=3) for count in (10, 21))
    draws = [draw_training(workshop.dataset, 10, seed=seed) for seed in range(5)]
    assert [np.bincount(workshop.dataset.labels(draw)).tolist() for draw in draws] == [[5, 5]] * 5
    assert set(few["hash"]) < set(more["hash"])
    assert set(more["split"]) == {"train"}
    everything = draw_training(workshop.dataset, 10_000, seed=3)
    assert everything["hash"].tolist() == workshop.dataset.rows("train")["hash"].tolist()


def test_fold_interval__by_hand():
    """Nadeau and Bengio's widened variance with Student's t of four degrees of freedom."""
    found = fold_interval(np.array([0.6, 0.7, 0.8, 0.7, 0.7]))
    margin = 2.7764 * np.sqrt(0.005 * (1 / 5 + 1 / 4))
    assert found.value == pytest.approx(0.7)
    assert (found.low, found.high) == (pytest.approx(0.7 - margin, abs=1e-4), pytest.approx(0.7 + margin, abs=1e-4))


def test_behind_best__pairs_the_folds():
    """Folds that differ from each other hide no difference that is the same in each of them."""
    best, behind, tied = make([0.9, 0.5, 0.8]), make([0.8, 0.4, 0.71]), make([0.5, 0.9, 0.7])
    assert behind_best(behind, best).low > 0
    assert behind_best(tied, best).low < 0
    assert best.knn.low < behind.knn.high


def test_best_first__evidence_decides_a_tie():
    """Equal accuracies are ordered by LogME."""
    assert [score.size for score in best_first([make([0.5, 0.7], size=8), make([0.5, 0.7], size=16, logme=1.0)])] == [
        16,
        8,
    ]


def test_ranking_table__best_first(scores):
    """Rows are plain numbers, the best has nothing before it, and an absent LEEP stays absent."""
    table = ranking_table(scores)
    assert table["stage"].tolist() == ["embedding", "stem"]
    assert table["behind"].tolist() == [0.0, pytest.approx(1 - scores[0].knn.value)]
    assert '"leep":null' in table.to_json(orient="records")


def test_ranking_figure__one_line_a_size(tmp_path: Path):
    """A line a backbone and size, from the image to the embedding whatever the order of the scores."""
    scores = [make([0.5, 0.7], size=size, depth=depth) for depth in (1.0, 0.5) for size in (32, 16)]
    figure = ranking_figure(scores, 0.4)
    lines = [container.lines[0].get_xdata().tolist() for container in figure.axes[0].containers]
    assert lines == [[0.5, 1.0], [0.5, 1.0]]
    figure.savefig(tmp_path / "ranking.png")
    assert (tmp_path / "ranking.png").stat().st_size > 5000
