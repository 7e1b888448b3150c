"""Train, validation and test: groups stay whole, strata stay balanced, and nothing changes its split unasked."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.config import SplitConfig

Floats = npt.NDArray[np.float64]
Counts = dict[str, Floats]

SPLITS = ("train", "val", "test")
ATTEMPTS, MANY_GROUPS = 64, 1000
TIED = 1e-9  # distances that differ by rounding are equal


def assign_splits(table: pd.DataFrame, strata: pd.Series, known: dict[str, str], config: SplitConfig) -> pd.Series:
    """Split of each row of `table` (columns group and split).

    A split that the source gives is kept, and a group that is in `known` keeps its split. The other groups go one by
    one, the largest first and ties in a seeded order, where each brings the counts of the strata closest to the wanted
    shares of all data seen so far; where two splits would do, it goes to the one that lacks more samples. Few large
    groups balance badly in most orders, so several orders are tried and the best balanced result is kept; labels
    decide, never a model.
    """
    groups = table["group"].astype(str)
    given = table.loc[table["split"].notna()]
    fixed = {**known, **dict(zip(given["group"].astype(str), given["split"], strict=True))}
    shares = _shares(config, given=bool((given["split"] == "test").any()))
    names, counts = _counted(groups, strata)
    settled = np.array([name in fixed for name in names])
    held = np.zeros((len(SPLITS), counts.shape[1]))
    np.add.at(held, [SPLITS.index(fixed[name]) for name in names[settled]], counts[settled])
    total = counts.sum(axis=0) - held[shares == 0].sum(axis=0)
    free = dict(zip(names[~settled], counts[~settled], strict=True))
    attempts = range(ATTEMPTS if len(free) < MANY_GROUPS else 1)
    results = [_assign(free, held, shares, total, f"{config.seed}.{attempt}") for attempt in attempts]
    return groups.map({**fixed, **min(results, key=lambda result: result[1])[0]})


def binding(accepted: pd.DataFrame) -> "pd.Series[Any]":
    """The given splits of the samples (columns source and split) that are binding.

    Where a domain's own source places every sample and leaves out validation or test, as many published data sets do,
    what is missing is taken out of its training samples, which then are as free as if nothing had been said of them.
    """
    own, given = accepted["source"] == "source", accepted["split"]
    lacking = {"val", "test"} - set(given[own])
    return given.mask(own & (given == "train")) if lacking and given[own].notna().all() else given


def _counted(groups: pd.Series, strata: pd.Series) -> tuple[npt.NDArray[np.object_], Floats]:
    """Names of the groups, and how many samples of each stratum each has: [G], [G, S]."""
    rows, names = pd.factorize(groups, sort=True)
    columns, found = pd.factorize(strata.astype(str), sort=True)
    counts = np.zeros((len(names), len(found)))
    np.add.at(counts, (rows, columns), 1)
    return np.asarray(names, object), counts


def _assign(free: Counts, settled: Floats, shares: Floats, total: Floats, order: str) -> tuple[dict[str, str], float]:
    """One greedy assignment of the free groups, and the distance of all from the wanted shares."""
    assigned: dict[str, str] = {}
    held = settled.copy()
    for group in sorted(free, key=lambda name: (-free[name].sum(), _rank(name, order))):
        change = [_distance(held, split, free[group], shares, total) for split in range(len(SPLITS))]
        choice = _nearest(change, shares * total.sum() - held.sum(axis=1))
        held[choice] += free[group]
        assigned[group] = SPLITS[choice]
    return assigned, _distance(held, 0, np.zeros_like(total), shares, total)


def _nearest(change: list[float], lacking: Floats) -> int:
    """The split of the least distance; of equal ones, as every class of three has them, that which lacks the most."""
    tied = [split for split, distance in enumerate(change) if np.isclose(distance, min(change), rtol=TIED, atol=TIED)]
    return max(tied, key=lambda split: float(lacking[split]))


def _shares(config: SplitConfig, *, given: bool) -> npt.NDArray[np.float64]:
    """Wanted shares; a test split that the source gives is not filled up."""
    test = 0.0 if given else config.test
    return np.array([1 - config.validation - test, config.validation, test])


def _rank(group: str, order: str) -> str:
    return hashlib.sha256(f"{order}:{group}".encode()).hexdigest()


def _distance(held: Floats, split: int, added: Floats, shares: Floats, total: Floats) -> float:
    """Squared distance from the wanted counts, relative to each stratum, once `added` has gone to `split`."""
    after = held.copy()
    after[split] += added
    wanted = shares > 0
    distance = (after - shares[:, None] * total) ** 2 / np.maximum(total, 1)
    return float(distance[wanted].sum()) if wanted[split] else np.inf
