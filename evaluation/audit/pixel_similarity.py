"""Pixel similarity: whether two small images show the same thing, mirrored or shifted by a few pixels or not."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
CHUNK = 1024
SHIFT = 1 / 32  # of the side, either way
MIRRORED = ((1, 1), (-1, 1), (1, -1), (-1, -1))


def pixel_similarity(
    images: npt.NDArray[np.uint8], pairs: npt.NDArray[np.int64], mean: npt.NDArray[np.float32]
) -> Floats:
    """Similarity, -1 to 1, of pairs [P, 2] of grey images uint8 [N, S, S]: [P].

    The correlation of the pixels or, if that is lower, of what sets them apart from the `mean` image [S, S]: images of
    one layout correlate highly as they are, and very dark ones correlate highly once the mean is removed. Each is the
    best over mirror images and small circular shifts.
    """
    found = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), CHUNK):
        first, second = (images[side].astype(np.float32) for side in pairs[start : start + CHUNK].T)
        plain, apart = _aligned(first, second), _aligned(first - mean, second - mean)
        found[start : start + CHUNK] = np.minimum(plain, apart)
    return found


def _aligned(first: Floats, second: Floats) -> Floats:
    """Highest correlation [P] over mirror images and shifts, by the convolution theorem."""
    from scipy.fft import irfft2, rfft2

    side, reach = first.shape[1], max(1, round(SHIFT * first.shape[1]))
    near = np.arange(-reach, reach + 1)
    spectrum, other = rfft2(_standardised(first)), _standardised(second)
    best = np.full(len(first), -1, np.float32)
    for down, across in MIRRORED:
        products = irfft2(spectrum * rfft2(other[:, ::down, ::across]).conj(), s=(side, side))
        best = np.maximum(best, products[:, near[:, None], near].max(axis=(1, 2)))
    return best


def _standardised(images: Floats) -> Floats:
    """Mean 0 and length 1; a uniform image stays 0 and is like no other."""
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    standardised: Floats = centred / np.maximum(length, np.finfo(np.float32).tiny)
    return standardised
