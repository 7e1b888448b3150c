"""Out-of-fold evidence by simulation: small worlds of 300 images, in each of which twelve ways to train are known.

A world: 300 images of Fashion-MNIST, 60 of them the test set; twelve logistic probes on random directions of frozen
features (128 px), each of a share of the 240 others; five stratified folds a probe. The truth of a probe is what it
gets right of the 14,700 images left. Pairs are chosen by their true difference in accuracy, one a world and gain;
"equal": in accuracy and in the Brier score. Each pair is compared on its test set, and on all 300 images out of fold
with the correction for overlap and without. No pair of these is ten points apart. Champions here err in more than a
fifth of cases, so that by the usual margin 5.5 to 7.3 points are borne: a challenger that is five points worse and
promoted is as good by the rule, unless it was called better.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.gate.pool import DRAWN, LEAST, SIZE, Integers
from bench.gate.series import RULE
from bench.training.growth import CLASSES
from data.stores.atomic import atomic_path
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from registry.gate.comparison import compare
from registry.gate.config import FOLDS, GateConfig
from settings.machine import load_settings

IMAGES, DIRECTIONS, NEAR = 300, 256, 0.006
# Share of the training images, directions that are read, of how many, and the inverse of the penalty.
WAYS = (
    *((share, 200, 256, 0.003) for share in (1.0, 1.0, 0.8, 0.6, 0.45, 0.3)),
    *((share, 60, 160, 0.01) for share in (1.0, 1.0, 0.8, 0.45)),
    *((share, 24, 80, 0.03) for share in (1.0, 0.6)),
)
GAINS = {"the margin worse": None, "-5 points": -0.05, "-2 points": -0.02, "0": 0.0, "equal": 0.0,
         "+2 points": 0.02, "+5 points": 0.05}  # fmt: skip
EVIDENCE = ("test", "out of fold", "out of fold, uncorrected")


@dataclass(frozen=True, eq=False)
class World:
    """Truth [N], which are the test set [N], what each way says out of fold [M, N, K], its accuracy and score [M]."""

    truth: Integers
    tested: Any
    said: Floats
    accuracy: Floats
    brier: Floats

    def pairs(self, name: str) -> list[tuple[int, int]]:
        """Champions with challengers that are truly better by that gain."""
        ways, gain = range(len(WAYS)), GAINS[name]
        champions = [one for one in ways if self.accuracy[one] >= LEAST]
        found = [(one, other) for one in champions for other in ways if one != other and self._near(one, other, gain)]
        return [pair for pair in found if name != "equal" or abs(np.diff(self.brier[list(pair)])[0]) < NEAR]

    def answers(self, way: int, rows: Any) -> Predictions:
        """What a way says of some of the images."""
        said = self.said[way][rows]
        names, slices = [str(row) for row in np.flatnonzero(rows)], pd.DataFrame(index=range(len(said)))
        return Predictions(names, self.truth[rows], said, np.ones(len(said)), names, slices, CLASSES)

    def _near(self, champion: int, challenger: int, gain: float | None) -> bool:
        asked = -GateConfig(floor=0).margin(1 - self.accuracy[champion]) if gain is None else gain
        return bool(abs(self.accuracy[challenger] - self.accuracy[champion] - asked) < NEAR)


def folds(images: str, first: int, worlds: int) -> dict[str, Any]:
    """How often each outcome comes, by gain and evidence, in that many worlds."""
    features, truth = _pool(load_settings().root, Path(images))
    found: Counter[str] = Counter()
    for number in range(first, first + worlds):
        generator = np.random.default_rng(number)
        world = _world(features, truth, generator)
        chosen = {name: pairs[generator.integers(len(pairs))] for name in GAINS if (pairs := world.pairs(name))}
        found.update(outcome for name, pair in chosen.items() for outcome in _outcomes(world, name, *pair))
    return dict(found)


def _outcomes(world: World, name: str, champion: int, challenger: int) -> list[str]:
    outcomes = []
    for evidence in EVIDENCE:
        rows = world.tested if evidence == "test" else np.ones(IMAGES, dtype=bool)
        rule: dict[str, Any] = {**RULE, "evidence": "out_of_fold" if evidence == "out of fold" else "test"}
        config = GateConfig(**rule)
        one = compare(world.answers(champion, rows), world.answers(challenger, rows), config, config.level).finding
        place = f"{name}/{evidence}/"
        outcomes += [f"{place}pairs", place + one.outcome, *([f"{place}better"] if one.better else [])]
    return outcomes


def _world(features: Floats, truth: Integers, generator: np.random.Generator) -> World:
    from sklearn.model_selection import train_test_split

    rows = generator.permutation(len(truth))
    mine, others = rows[:IMAGES], rows[IMAGES:]
    places = np.arange(IMAGES)
    tested = np.isin(places, train_test_split(places, test_size=0.2, stratify=truth[mine], random_state=0)[1])
    order, unit = generator.permutation(places[~tested]), np.eye(len(CLASSES))[truth[others]]
    said, accuracy, brier = [], [], []
    for share, read, of, penalty in WAYS:
        seen = features[:, generator.choice(of, read, replace=False)]
        learned = order[: int(share * len(order))]
        asked = np.concatenate([seen[mine], seen[others]])
        whole = _probe(seen[mine[learned]], truth[mine[learned]], asked, penalty)
        said.append(_crossed(whole[:IMAGES], seen[mine], truth[mine], learned, penalty))
        accuracy.append((whole[IMAGES:].argmax(1) == truth[others]).mean())
        brier.append(((whole[IMAGES:] - unit) ** 2).sum(1).mean())
    return World(truth[mine], tested, np.stack(said), np.array(accuracy), np.array(brier))


def _crossed(whole: Floats, seen: Floats, truth: Integers, learned: Integers, penalty: float) -> Floats:
    """The probe's answers, those to what it learned from by probes of the other folds."""
    from sklearn.model_selection import StratifiedKFold

    found, fewest = whole.copy(), int(np.bincount(truth[learned], minlength=len(CLASSES)).min())
    for known, held in StratifiedKFold(max(2, min(FOLDS, fewest)), shuffle=True, random_state=0).split(
        learned, truth[learned]
    ):
        found[learned[held]] = _probe(seen[learned[known]], truth[learned[known]], seen[learned[held]], penalty)
    return found


def _probe(known: Floats, labels: Integers, asked: Floats, penalty: float) -> Floats:
    from sklearn.linear_model import LogisticRegression

    probe = LogisticRegression(C=penalty, max_iter=60, tol=1e-3).fit(known, labels)
    found = np.zeros((len(asked), len(CLASSES)))
    found[:, probe.classes_] = probe.predict_proba(asked)
    return found


def _pool(root: Path, images: Path) -> tuple[Floats, Integers]:
    """The main directions of the features of 15,000 images [N, 256] and labels [N]; made first where there are none."""
    path = root / "folds.npz"
    if not path.exists():
        with atomic_path(path) as partial, partial.open("wb") as file:
            features, truth = _directions(root, images)
            np.savez(file, features=features, truth=truth)
    with np.load(path) as stored:
        return stored["features"], stored["truth"]


def _directions(root: Path, images: Path) -> tuple[Floats, Integers]:
    from bench.training.fashion import fashion_dataset
    from bench.training.fits import BACKBONE
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.inputs.activations import Prefix

    dataset = fashion_dataset(root / f"fashion-{SIZE}", images, SIZE)
    prefix = Prefix(root, dataset, load_pretrained(root, BACKBONE), load_settings().cores)
    rows = pd.concat([dataset.rows("train").iloc[:DRAWN], dataset.rows("test")])
    prefix.fill(rows)
    found = prefix.cache().read(list(rows["hash"])).astype(np.float64)
    found = (found - found.mean(0)) / (found.std(0) + 1e-9)
    axes = np.linalg.svd(found[::3], full_matrices=False)[2][:DIRECTIONS]
    return found @ axes.T, dataset.labels(rows)
