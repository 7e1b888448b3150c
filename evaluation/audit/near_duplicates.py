"""Near-duplicates: pairs of samples that show almost the same thing, first of all those that lie in two splits.

Two steps. Features choose candidates: the cosine of features with their mean removed, since penultimate features are
positive and share a large mean. Pixels confirm: without them cells, digits or parts of one kind would all be listed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from data.stores.dataset import Dataset
from evaluation.audit.pixel_similarity import pixel_similarity

Floats = npt.NDArray[np.float32]
COSINE = 0.8  # re-encoded, resized, brightened and mirrored copies lie above it
PIXELS = 0.95  # different cells of one layout lie below it
LIMIT = 100_000  # candidates that are compared by pixels
BLOCK = 512
SIDE = 64
SPLITS, GROUPS, WITHIN = "across splits", "across groups", "within a group"
RELATIONS = (SPLITS, GROUPS, WITHIN)
COLUMNS = ["first", "second", "cosine", "pixels", "relation", "labels_differ"]


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Confirmed pairs, columns COLUMNS, leaks first; `first` and `second` are places in the manifest.

    Down to the cosine `floor` all pairs were compared by pixels; it is above COSINE where they were more than LIMIT.
    """

    pairs: pd.DataFrame
    candidates: int
    floor: float


def find_near_duplicates(
    dataset: Dataset, features: Floats, progress: Callable[[int, int], None] = lambda done, total: None
) -> NearDuplicates:
    """Near-duplicates of a whole data set; `features` [N, D] are in the order of its manifest.

    Raises:
        StorageError: a shard is missing or damaged.
    """
    places, cosines, floor = similar_pairs(features, progress)
    rows = dataset.manifest
    small, mean = _thumbnails(dataset, np.unique(places)), _mean_image(dataset)
    pixels = pixel_similarity(small, np.searchsorted(np.unique(places), places), mean)
    kept = pixels >= PIXELS
    first, second = places[kept].T
    column = {name: rows[name].to_numpy(str) for name in ("split", "group", f"label.{dataset.headline}")}
    differ = {name: values[first] != values[second] for name, values in column.items()}
    relation = np.where(differ["split"], SPLITS, np.where(differ["group"], GROUPS, WITHIN))
    values = (first, second, cosines[kept], pixels[kept], relation, differ[f"label.{dataset.headline}"])
    pairs = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
    order = pairs["relation"].map(RELATIONS.index)
    ranked = pairs.assign(order=order).sort_values(["order", "pixels"], ascending=[True, False], kind="stable")
    return NearDuplicates(ranked[COLUMNS].reset_index(drop=True), len(places), floor)


def similar_pairs(
    features: Floats, progress: Callable[[int, int], None] = lambda done, total: None, limit: int = LIMIT
) -> tuple[npt.NDArray[np.int64], Floats, float]:
    """The pairs [P, 2] with their cosines [P] at or above a floor, which is returned last: exact, P at most `limit`.

    Blocks of BLOCK rows bound the memory. The floor rises where more than `limit` pairs lie above it: what is below the
    best `limit` of a part can be none of the best `limit` of all.
    """
    unit, floor = _centred(features), COSINE
    places, cosines = np.empty((0, 2), np.int64), np.empty(0, np.float32)
    for start in range(0, len(unit), BLOCK):
        block = np.triu(unit[start : start + BLOCK] @ unit[start:].T, 1)
        floor = _raised(block.ravel(), floor, limit)
        found = np.argwhere(block >= floor)
        places = np.concatenate([places, found + start])
        cosines = np.concatenate([cosines, block[found[:, 0], found[:, 1]]])
        floor = _raised(cosines, floor, limit)
        places, cosines = places[cosines >= floor], cosines[cosines >= floor]
        progress(min(start + BLOCK, len(unit)), len(unit))
    return places, cosines, floor


def _centred(features: Floats) -> Floats:
    """Rows of length 1 with the mean removed; a row that is the mean stays 0 and is like no other."""
    centred = features - features.mean(axis=0, dtype=np.float32)
    unit: Floats = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return unit


def _raised(values: Floats, floor: float, limit: int) -> float:
    """The floor, raised until at most `limit` values are kept; of equal ones all or none."""
    above = values[values >= floor]
    if len(above) <= limit:
        return floor
    return float(np.nextafter(np.partition(above, len(above) - limit - 1)[len(above) - limit - 1], np.float32(2)))


def _thumbnails(dataset: Dataset, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Grey pictures of at most SIDE pixels a side: uint8 [N, S, S]."""
    side = min(SIDE, *dataset.spec.thumbnails(dataset.spec.example()[None]).shape[1:3])
    small = np.empty((len(places), side, side), np.uint8)
    for place, image in enumerate(_pictures(dataset, places)):
        grey = Image.fromarray(image.squeeze()).convert("L")
        small[place] = np.asarray(grey.resize((side, side), Image.Resampling.BOX))
    return small


def _pictures(dataset: Dataset, places: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    for start in range(0, len(places), BLOCK):
        yield from dataset.spec.thumbnails(dataset.samples(dataset.manifest.iloc[places[start : start + BLOCK]]))


def _mean_image(dataset: Dataset) -> Floats:
    """Mean of at most 2 x BLOCK thumbnails, evenly drawn: [S, S]."""
    count = len(dataset.manifest)
    chosen = np.unique(np.linspace(0, count - 1, min(count, 2 * BLOCK)).astype(np.int64))
    mean: Floats = _thumbnails(dataset, chosen).mean(axis=0, dtype=np.float32)
    return mean
