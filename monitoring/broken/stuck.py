"""A stuck source: the same sample again and again, byte for byte or but for the camera's noise."""

import numpy as np

from monitoring.arrays import Array, stack
from monitoring.broken.sign import Scene, Sign
from monitoring.reference import thin

HALF = 0.5
NEAR = 0.1  # of the usual distance of two samples; see docs/how-it-decides.md for what that is on real data
MOST = 500  # rows of the window that are compared


def one_content(scene: Scene) -> Sign:
    """Share of the most frequent content; a file that could not even be read is none."""
    counts = scene.window.rows["hash"].value_counts()
    often = int(counts.max()) if len(counts) else 0
    share = often / scene.window.samples if scene.enough else 0.0
    told = f"one sample makes up {often} of {scene.window.samples}, as from a camera that is stuck; mend the source"
    return Sign("one content repeated", share, HALF, told)


def near_copies(scene: Scene) -> Sign:
    """Share of different contents that the network sees as one: within a tenth of the usual distance of two samples.

    Where the reference itself has such, as a film has, they are nearer than its samples are to their next ones.
    """
    seen = scene.window.usable.tail(MOST)
    if len(seen) < scene.config.min_window:
        return Sign("near copies", 0.0, HALF, "")
    known = _distances(stack(thin(scene.reference.rows, seed=scene.config.seed), "embedding"))
    limit = min(NEAR * float(np.median(known)), float(np.median(known.min(axis=1))))
    near = _distances(stack(seen, "embedding")) < limit
    crowd = int(near.sum(axis=1).max()) + 1
    told = f"{crowd} of {len(seen)} samples are the same to the network but for noise, as from a camera that is stuck"
    return Sign("near copies", crowd / len(seen), HALF, f"{told}; mend the source")


def _distances(rows: Array) -> Array:
    """Distances [N, N - 1] of each row from all others."""
    squares = (rows**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0))
    others: Array = distances[~np.eye(len(rows), dtype=bool)].reshape(len(rows), len(rows) - 1)
    return others
