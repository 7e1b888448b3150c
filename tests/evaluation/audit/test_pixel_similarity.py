"""Two small images show the same thing, mirrored or shifted, or they do not."""

import numpy as np

from evaluation.audit.pixel_similarity import pixel_similarity


def test_pixel_similarity__shift_mirror_and_another():
    """A mirrored, shifted copy is alike; another image and a uniform one are not."""
    first, other = np.random.default_rng(0).integers(0, 256, (2, 32, 32), np.uint8)
    shifted = np.roll(first[::-1], 1, axis=1)
    images = np.stack([first, shifted, other, np.full_like(first, 9)])
    found = pixel_similarity(images, np.array([[0, 1], [0, 2], [0, 3]]), np.full((32, 32), 128, np.float32))
    assert found[0] > 0.999
    assert found[1] < 0.3
    assert found[2] == 0
