"""What an adapted backbone lost of its source: how far its features moved on photographs that are always at hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from data.specs.decoding import decode_image
from data.specs.spec import Array, Spec
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.insight.source_head import SourceHead, load_source_head
from lightning_modules.network.network import Network, pretrained_network

Floats = npt.NDArray[np.floating]
# Side of a crop as a share of the photograph's shorter side, and how many lie along the shorter and the longer side.
GRID = ((1.0, 1, 2), (0.65, 2, 3), (0.4, 3, 4))
PROBES = 3 * sum(short * long for _, short, long in GRID)  # of three photographs


@dataclass(frozen=True)
class Forgetting:
    """How alike the backbone's source features are before and after adaptation."""

    cka: float
    agreement: float | None
    samples: int

    def figures(self) -> dict[str, float]:
        """What there is to show, by name."""
        shared = {} if self.agreement is None else {"source_agreement": self.agreement}
        return {"source_cka": self.cka, **shared}


def forgetting(before: Floats, after: Floats, source_head: SourceHead | None) -> Forgetting:
    """Compares features [N, D] of the same probe images before and after adaptation.

    The agreement is that of the source classes; None where the weight file brought no classifier.
    """
    shared = None
    if source_head is not None:
        shared = agreement(source_head.probabilities(before), source_head.probabilities(after))
    return Forgetting(cka(before, after), shared, len(before))


def cka(before: Floats, after: Floats) -> float:
    """Linear CKA of features [N, D1] and [N, D2] of the same samples: 1 for equal up to rotation and scale, 0 for none.

    Kornblith et al. 2019 (arXiv 1905.00414), with the unbiased estimate of Song et al. 2012: the plain one approaches
    1 for any two networks once D exceeds N, as it does with a few dozen probe images. It may fall below 0 by chance.
    NaN where all samples look the same to one network. N must be 4 or more.
    """
    ours, theirs = _similarity(before), _similarity(after)
    scale = _dependence(ours, ours) * _dependence(theirs, theirs)
    return float(_dependence(ours, theirs) / np.sqrt(scale)) if scale > 0 else float("nan")


def agreement(before: Floats, after: Floats) -> float:
    """Share of samples, 0 to 1, with the same likeliest class in both probabilities [N, Z]."""
    return float(np.mean(before.argmax(axis=1) == after.argmax(axis=1)))


def probe_images(size: int) -> Array:
    """Sixty fixed crops, at three scales, of the photographs that scikit-learn and Matplotlib ship.

    uint8 [60, size, size, 3]; the same on every machine.
    """
    crops = [crop for path in _photographs() for crop in _crops(decode_image(path.read_bytes(), "RGB"), size)]
    return np.stack(crops)


def _photographs() -> list[Path]:
    import matplotlib as mpl
    import sklearn.datasets

    shipped = Path(sklearn.datasets.__file__).with_name("images")
    return [shipped / "china.jpg", shipped / "flower.jpg", Path(mpl.get_data_path(), "sample_data/grace_hopper.jpg")]


def _crops(photograph: Image.Image, size: int) -> Iterator[Array]:
    """Squares on a grid over the whole photograph, coarse ones first."""
    width, height = photograph.size
    for share, short, long in GRID:
        side = share * min(width, height)
        columns, rows = (long, short) if width >= height else (short, long)
        for top, left in product(np.linspace(0, height - side, rows), np.linspace(0, width - side, columns)):
            box = (left, top, left + side, top + side)
            yield np.asarray(photograph.resize((size, size), Image.Resampling.BICUBIC, box), dtype=np.uint8)


def _similarity(features: Floats) -> npt.NDArray[np.float64]:
    """Inner products of all pairs of samples [N, N] with nothing on the diagonal."""
    centred = np.asarray(features, np.float64) - np.mean(features, axis=0, dtype=np.float64)
    products: npt.NDArray[np.float64] = centred @ centred.T
    np.fill_diagonal(products, 0.0)
    return products


def _dependence(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> float:
    """Unbiased estimate of the Hilbert-Schmidt independence criterion, up to a factor (Song et al. 2012, JMLR 13)."""
    count = len(ours)
    totals = ours.sum() * theirs.sum() / ((count - 1) * (count - 2))
    mixed = 2 * ours.sum(axis=0) @ theirs.sum(axis=0) / (count - 2)
    return float(np.sum(ours * theirs) + totals - mixed)


@torch.inference_mode()
def measure_adaptation(pretrained: Pretrained, spec: Spec, adapted: Network) -> Forgetting | None:
    """Compares the pretrained backbone with the adapted one, on the fixed probe images.

    They are shown at the size that the domain trains at; the source task's own head judges both. None where samples are
    no images: there are no such probes of other kinds.
    """
    if not spec.pixels:
        return None
    source, head = pretrained_network(pretrained, pretrained.transform(spec), {}), load_source_head(pretrained)
    if _has_weights_of(source, adapted):
        return Forgetting(1.0, None if head is None else 1.0, PROBES)
    images = torch.from_numpy(probe_images(spec.shape[0]))
    before, after = (network.eval().run(images).numpy() for network in (source, adapted))
    return forgetting(before, after, head)


def _has_weights_of(source: Network, adapted: Network) -> bool:
    """Whether the whole backbone is as it was, as below every recipe that learns a head alone: it forgot nothing."""
    ours, theirs = source.state_dict(), adapted.state_dict()
    return all(name in theirs and torch.equal(weight, theirs[name].cpu()) for name, weight in ours.items())
