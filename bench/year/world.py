"""A year of traffic of Fashion-MNIST through one camera, day by day, with all that may go wrong.

Images and labels are real, what the camera does to them is a corruption of `evaluation.stress`. Half of the labels come
back, two to six days later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.stores.atomic import atomic_path
from evaluation.predictions.grouped import Floats
from evaluation.stress.config import CorruptionName

DAYS, A_DAY = 365, 40
FIRST = {"train": 1_500, "val": 500, "test": 800}  # images before the year begins
LABELLED, SOONEST, LATEST = 0.5, 2, 6  # share of the traffic whose label comes back, and after how many days
WRONG = 0.6  # share of wrong labels in the burst
NEW, NEW_SHARE, SIZE = 9, 0.15, 64
EASY = (1, 5, 8)  # trousers, sandals, bags
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Phase:
    """What happens from a day to another, both included; `helps`: a model that learned from it would do better."""

    name: str
    first: int
    last: int
    helps: bool

    def holds(self, day: int) -> bool:
        """Whether it happens on that day."""
        return self.first <= day <= self.last


FOG, ASKEW, STUCK, NOISE, DIM, DIM_AGAIN, EASIER, NEWCOMER = PHASES = (
    Phase("the lens fogs slowly", 30, 95, helps=True),
    Phase("mounted askew", 115, 150, helps=True),
    Phase("camera stuck", 165, 170, helps=False),
    Phase("wrong labels", 182, 200, helps=False),
    Phase("dull season", 212, 236, helps=True),
    Phase("dull season again", 256, 280, helps=True),
    Phase("easy garments only", 295, 315, helps=False),
    Phase("a new class", 330, DAYS - 1, helps=True),
)


@dataclass(frozen=True, eq=False)
class World:
    """All samples in the order in which they come; those from before the year have day -1.

    Attributes:
        day: [N].
        split: of those from before the year "train", "val" or "test"; of traffic what it will be in once labelled.
        features: [N, D], of the frozen backbone.
        truth: class [N].
        label: class [N] as it comes back.
        came: day [N] at which the label comes; infinity: never.
        content: number [N] of the picture; a stuck camera repeats one.
        brightness: [N].
    """

    day: Integers
    split: npt.NDArray[np.str_]
    features: Floats
    truth: Integers
    label: Integers
    came: Floats
    content: Integers
    brightness: Floats

    def known(self, day: int) -> npt.NDArray[np.bool_]:
        """Which samples have a label on that day."""
        return self.came <= day


def load_world(root: Path, images: Path, seed: int) -> World:
    """Reads the year of a seed; makes it first, below `root`, where there is none."""
    path = root / f"year-{seed}.npz"
    if not path.exists():
        with atomic_path(path) as partial, partial.open("wb") as file:
            arrays: dict[str, Any] = vars(_made(root, images, seed))
            np.savez_compressed(file, **arrays)
    with np.load(path) as stored:
        return World(**{name: stored[name] for name in stored.files})


def _made(root: Path, images: Path, seed: int) -> World:
    from bench.monitoring.pool import features_of
    from bench.training.fashion import fashion_dataset

    dataset, random = fashion_dataset(root / f"fashion-{SIZE}", images, SIZE), np.random.default_rng(seed)
    features, rows = features_of(root, dataset), dataset.rows("train", "val")
    truth = dataset.labels(rows)
    queue = {one: list(random.permutation(np.flatnonzero(truth == one))) for one in range(10)}
    before = np.array([queue[one].pop() for one in random.integers(NEW, size=sum(FIRST.values()))])
    parts = [(-1, before, dataset.samples(rows.iloc[before]))]
    for day in range(DAYS):
        places = np.array([queue[one].pop() for one in _classes(day, random)])
        parts.append((day, places, _seen(day, dataset.samples(rows.iloc[places]), random)))
    pixels = np.concatenate([seen for _, _, seen in parts])
    places, days = (
        np.concatenate([part for _, part, _ in parts]),
        np.repeat([day for day, *_ in parts], [len(p) for _, p, _ in parts]),
    )
    return _labelled(days, places, truth[places], pixels, features, random)


def _labelled(
    days: Integers, places: Integers, truth: Integers, pixels: Any, features: Callable[[Any], Floats],
    random: np.random.Generator,
) -> World:  # fmt: skip
    """The world of these pictures, with labels as they come back."""
    traffic, count = days >= 0, len(days)
    split = random.choice(["train", "val", "test"], count, p=[0.7, 0.15, 0.15])
    split[~traffic] = np.repeat([*FIRST], [*FIRST.values()])
    came = np.where(random.random(count) < LABELLED, days + random.integers(SOONEST, LATEST + 1, count), np.inf)
    wrong = np.isin(days, range(NOISE.first, NOISE.last + 1)) & (random.random(count) < WRONG)
    label = np.where(wrong, (truth + random.integers(1, NEW, count)) % NEW, truth)
    stuck = np.isin(days, range(STUCK.first, STUCK.last + 1))
    content = np.where(stuck, places[np.flatnonzero(stuck)[0]], places)
    seen = np.concatenate([features(part) for part in np.array_split(pixels, max(1, count // 256))])
    brightness = pixels.reshape(count, -1).mean(axis=1)
    return World(days, split, seen, truth, label, np.where(traffic, came, -1.0), content, brightness)


def _classes(day: int, random: np.random.Generator) -> Integers:
    """What comes before the camera on a day."""
    classes = random.integers(NEW, size=A_DAY)
    if EASIER.holds(day):
        return np.where(random.random(A_DAY) < 0.9, random.choice(EASY, A_DAY), classes)
    return np.where(NEWCOMER.holds(day) & (random.random(A_DAY) < NEW_SHARE), NEW, classes)


_STUCK: dict[int, Any] = {}


def _seen(day: int, pixels: Any, random: np.random.Generator) -> Any:
    """What the camera makes of it."""
    from evaluation.stress.corruptions import corrupt

    if STUCK.holds(day):
        return np.repeat(_STUCK.setdefault(0, pixels[:1]), len(pixels), axis=0)
    kind, severity = _trouble(day, random)
    return corrupt(pixels, kind, severity, seed=day) if severity else pixels


def _trouble(day: int, random: np.random.Generator) -> tuple[CorruptionName, int]:
    """Which corruption a day has, and how strongly; the fog is thicker from one day to the next."""
    if FOG.holds(day):
        thick = 5 * (day - FOG.first) / (FOG.last - FOG.first)
        return "blur", int(thick + random.random())
    if ASKEW.holds(day):
        return "rotation", 5
    return "contrast", 5 if DIM.holds(day) or DIM_AGAIN.holds(day) else 0
