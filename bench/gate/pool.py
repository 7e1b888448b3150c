"""Real predictions of ten classes for the simulation of the gate, and pairs of models whose true difference is known.

The pool: what 88 logistic probes on frozen features (128 px) say of the 10,000 test images of Fashion-MNIST. Eight
times the same nested training sets of 60 to 1,200 images, as a domain grows; of two sizes also probes that read few
features. What a probe gets right of all 10,000 counts as the truth of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.training.growth import CLASSES
from data.stores.atomic import atomic_path
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from settings.machine import load_settings

SIZE, DRAWN, SEEDS = 128, 5_000, 8
SAMPLES = (60, 90, 130, 190, 240, 300, 450, 700, 1200)
FEW = {240: 150, 300: 150}  # features that a second probe of so many images reads
NEARLY = 0.004  # how far a pair's true gain may lie from the one that is asked for
LEAST = 0.7  # accuracy that a model must have to be anybody's champion
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Garments:
    """Truth [N], probabilities of every probe [M, N, K], and each probe's accuracy over all of them [M]."""

    truth: Integers
    probabilities: Floats
    accuracy: Floats

    def pairs(self, gain: float | None) -> list[tuple[int, int]]:
        """Champions with challengers that are truly better by `gain`; None: worse by just the gate's usual margin."""
        champions = [one for one in range(len(self.accuracy)) if self.accuracy[one] >= LEAST]
        return [
            (one, other)
            for one in champions
            for other in range(len(self.accuracy))
            if one != other and abs(self.accuracy[other] - self.accuracy[one] - self._asked(one, gain)) < NEARLY
        ]

    def nearest(self, accuracy: float, generator: np.random.Generator, but: int) -> int:
        """Any other probe of about that accuracy."""
        near = np.flatnonzero(np.abs(self.accuracy - accuracy) < NEARLY)
        near = near[near != but]
        return int(generator.choice(near)) if len(near) else but

    def said(self, probe: int, rows: Integers) -> Predictions:
        """What a probe says of these samples, each a group of its own."""
        names = [str(number) for number in range(len(rows))]
        said = self.probabilities[probe, rows].astype(np.float64)
        slices = pd.DataFrame(index=range(len(rows)))
        said /= said.sum(axis=1, keepdims=True)
        return Predictions(names, self.truth[rows], said, np.ones(len(rows)), names, slices, CLASSES)

    def _asked(self, champion: int, gain: float | None) -> float:
        from registry.gate.config import GateConfig

        return -GateConfig(floor=0).margin(1 - self.accuracy[champion]) if gain is None else gain


def dealt(first: Predictions, second: Predictions, generator: np.random.Generator) -> tuple[Predictions, Predictions]:
    """Two models of which neither is better in truth: a coin deals out both answers to every sample."""
    coin = (generator.random(len(first)) < 0.5)[:, None]
    said = first.probabilities, second.probabilities
    one, other = np.where(coin, *said), np.where(coin, *reversed(said))
    return replace(first, probabilities=one), replace(first, probabilities=other)


def load_garments(root: Path, images: Path) -> Garments:
    """Reads the pool; makes it first, below `root`, where there is none."""
    path = root / "garments.npz"
    if not path.exists():
        with atomic_path(path) as partial, partial.open("wb") as file:
            truth, probabilities = _probed(root, images)
            np.savez(file, truth=truth, probabilities=probabilities)
    with np.load(path) as stored:
        truth, probabilities = stored["truth"], stored["probabilities"]
    return Garments(truth, probabilities, (probabilities.argmax(axis=2) == truth).mean(axis=1))


def _probed(root: Path, images: Path) -> tuple[Integers, npt.NDArray[np.float32]]:
    """Labels of the test images [N], and what every probe says of them [M, N, K]."""
    from bench.training.fashion import fashion_dataset
    from bench.training.fits import BACKBONE
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.inputs.activations import Prefix

    dataset = fashion_dataset(root / f"fashion-{SIZE}", images, SIZE)
    prefix = Prefix(root, dataset, load_pretrained(root, BACKBONE), load_settings().cores)
    train, test = dataset.rows("train").iloc[:DRAWN], dataset.rows("test")
    prefix.fill(pd.concat([train, test]))
    known, asked = (prefix.cache().read(list(part["hash"])).astype(np.float64) for part in (train, test))
    labels = dataset.labels(train)
    said = [
        _probe(known[chosen][:, columns], labels[chosen], asked[:, columns])
        for seed in range(SEEDS)
        for chosen, columns in _draws(seed, known.shape[1])
    ]
    return dataset.labels(test), np.stack(said)


def _draws(seed: int, features: int) -> Iterator[tuple[Integers, Integers]]:
    """Which images the probes of one seed learn from, and which features they read."""
    order = np.random.default_rng(seed).permutation(DRAWN)
    few = np.random.default_rng(SEEDS + seed).permutation(features)
    for count in SAMPLES:
        yield order[:count], np.arange(features)
        if count in FEW:
            yield order[:count], few[: FEW[count]]


def _probe(known: Floats, labels: Integers, asked: Floats) -> npt.NDArray[np.float32]:
    """Probabilities [N, K] by a logistic probe; 0 for a class that it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(known, labels)
    found = np.zeros((len(asked), len(CLASSES)), np.float32)
    found[:, probe.classes_] = probe.predict_proba(asked)
    return found
