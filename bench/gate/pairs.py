"""Real predictions for the simulation of the gate, and pairs of models of which the true difference is known.

The pool: what eight logistic probes on frozen features say of all 2,624 solar cells, each cell by a probe that has not
seen its module (five folds of whole modules). Four probes read many features, four few, each a random choice of their
own. A test set is drawn from the pool with replacement, module by module or cell by cell.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.stores.manifest import read_table, write_table
from evaluation.predictions.predictions import Predictions
from settings.machine import load_settings

CLASSES = ("functional", "defective")
STRONG, WEAK = 300, 12  # features that a probe reads
PROBES = 4  # of each kind
FOLDS, SIZE = 5, 96
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Truth [N], module number [N], weights [N], and the probability of a defect by every probe [M, N]."""

    truth: Integers
    modules: Integers
    weights: Floats
    scores: Floats


def load_pool(root: Path) -> Pool:
    """Reads the pool; makes it first, below `root`, where there is none."""
    path = root / "pool.parquet"
    if not path.exists():
        write_table(path, _probed(root))
    table = read_table(path)
    columns = [column for column in table.columns if column.startswith("probe")]
    modules = np.unique(table["module"], return_inverse=True)[1].astype(np.int64)
    scores = table[columns].to_numpy(np.float64).T
    return Pool(table["truth"].to_numpy(np.int64), modules, table["weight"].to_numpy(np.float64), scores)


@dataclass(frozen=True, eq=False)
class Draw:
    """A test set: rows of the pool [N] and the group of each [N]."""

    rows: Integers
    groups: Integers


def draw(pool: Pool, generator: np.random.Generator, *, modules: int, cells: int) -> Draw:
    """Draws that many whole modules or, where it is 0, single cells."""
    if not modules:
        return Draw(generator.integers(len(pool.truth), size=cells), np.arange(cells, dtype=np.int64))
    chosen = generator.integers(pool.modules.max() + 1, size=modules)
    rows = [np.flatnonzero(pool.modules == module) for module in chosen]
    return Draw(np.concatenate(rows), np.repeat(np.arange(modules, dtype=np.int64), [len(part) for part in rows]))


def mixed_pair(
    pool: Pool, generator: np.random.Generator, drawn: Draw, *, better: int, worse: int, share: float
) -> tuple[Predictions, Predictions]:
    """Champion and challenger: each group's predictions of the two probes, dealt out at random.

    The challenger gets the better probe's with probability `share`. With a half the two are exchangeable: neither is
    better in truth, however much their predictions differ.
    """
    dealt = (generator.random(int(drawn.groups.max()) + 1) < share)[drawn.groups]
    first, second = pool.scores[better, drawn.rows], pool.scores[worse, drawn.rows]
    scores = np.where(dealt, second, first), np.where(dealt, first, second)
    champion, challenger = (_predictions(pool, drawn, one) for one in scores)
    return champion, challenger


def _predictions(pool: Pool, drawn: Draw, scores: Floats) -> Predictions:
    rows = drawn.rows
    return Predictions(
        hashes=[str(number) for number in range(len(rows))],
        truth=pool.truth[rows],
        probabilities=np.stack([1 - scores, scores], axis=1),
        weights=pool.weights[rows],
        groups=[str(group) for group in drawn.groups],
        slices=pd.DataFrame(index=range(len(rows))),
        classes=CLASSES,
    )


def _probed(root: Path) -> pd.DataFrame:
    """Every probe's predictions of every cell."""
    from bench.training.elpv import elpv_dataset
    from bench.training.fits import BACKBONE
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.inputs.activations import Prefix

    dataset = elpv_dataset(root, "groups", 0, SIZE)
    prefix = Prefix(root, dataset, load_pretrained(root, BACKBONE), load_settings().cores)
    prefix.fill(dataset.manifest)
    features = prefix.cache().read(list(dataset.manifest["hash"])).astype(np.float64)
    cells = dataset.manifest
    truth, weights = dataset.labels(cells), cells["weight"].to_numpy(np.float64)
    modules = np.unique(cells["group"], return_inverse=True)[1].astype(np.int64)
    table = pd.DataFrame({"truth": truth, "module": modules, "weight": weights})
    for number, count in enumerate([STRONG] * PROBES + [WEAK] * PROBES):
        chosen = np.random.default_rng(number).choice(features.shape[1], count, replace=False)
        table[f"probe{number}"] = _out_of_fold(features[:, chosen], truth, weights, modules)
    return table


def _out_of_fold(features: Floats, truth: Integers, weights: Floats, modules: Integers) -> Floats:
    """Probability of a defect by a logistic probe that was fitted on other modules, [N]."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = np.empty(len(truth))
    for train, test in GroupKFold(FOLDS).split(features, truth, modules):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        probe.fit(features[train], truth[train], logisticregression__sample_weight=weights[train])
        found[test] = probe.predict_proba(features[test])[:, 1]
    return found
