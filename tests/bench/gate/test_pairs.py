"""Pairs for the simulation of the gate: what is drawn is what is claimed."""

import numpy as np

from bench.gate.pairs import Pool, draw, mixed_pair
from evaluation.predictions.metrics import score


def test_draw__whole_modules_or_cells(pool: Pool) -> None:
    """Of modules every cell comes, and a module that is drawn twice is two groups; single cells are their own."""
    drawn = draw(pool, np.random.default_rng(1), modules=12, cells=0)
    assert (len(drawn.rows), drawn.groups.max()) == (240, 11)
    assert all(len(set(pool.modules[drawn.rows[drawn.groups == group]])) == 1 for group in range(12))
    drawn = draw(pool, np.random.default_rng(1), modules=0, cells=50)
    assert (len(drawn.rows), len(set(drawn.groups))) == (50, 50)


def test_mixed_pair__share_is_the_true_gain(pool: Pool) -> None:
    """With share 1 the challenger is the better probe; with a half nobody is better over many draws."""
    generator, gains = np.random.default_rng(2), {}
    for share in (0.5, 1.0):
        drawn = draw(pool, generator, modules=0, cells=4000)
        pair = mixed_pair(pool, generator, drawn, better=0, worse=5, share=share)
        champion, challenger = (score(one)["auc"] for one in pair)
        gains[share] = challenger - champion
    assert gains[1.0] > 0.2
    assert abs(gains[0.5]) < 0.03
