"""Train, validation and test: groups stay whole, strata stay balanced, and nothing ever changes its split."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.config import SplitConfig

Floats = npt.NDArray[np.float64]
Counts = dict[str, Floats]

SPLITS = ("train", "val", "test")
ATTEMPTS, MANY_GROUPS = 64, 1000


def assign_splits(table: pd.DataFrame, strata: pd.Series, known: dict[str, str], config: SplitConfig) -> pd.Series:
    """Split of each row of `table` (columns group and split).

    A group that is in `known` keeps its split, and a split that the source gave is kept. The other groups go one by
    one, the largest first and ties in a seeded order, where each brings the counts of the strata closest to the wanted
    shares of all data seen so far. Few large groups balance badly in most orders, so several orders are tried and the
    best balanced result is kept; labels decide, never a model.
    """
    groups = table["group"].astype(str)
    given = table.loc[table["split"].notna()]
    fixed = {**dict(zip(given["group"].astype(str), given["split"], strict=True)), **known}
    shares = _shares(config, given=bool((given["split"] == "test").any()))
    crossed = pd.crosstab(groups, strata.astype(str))
    counts = dict(zip(crossed.index, crossed.to_numpy(np.float64), strict=True))
    attempts = ATTEMPTS if len(counts.keys() - fixed.keys()) < MANY_GROUPS else 1
    results = [_assign(counts, fixed, shares, f"{config.seed}.{attempt}") for attempt in range(attempts)]
    return groups.map(min(results, key=lambda result: result[1])[0])


def _assign(counts: Counts, fixed: dict[str, str], shares: Floats, order: str) -> tuple[dict[str, str], float]:
    """One greedy assignment of every group, and its distance from the wanted shares."""
    assigned = {group: fixed[group] for group in counts if group in fixed}
    held = np.zeros((len(SPLITS), len(next(iter(counts.values())))))
    for group, split in assigned.items():
        held[SPLITS.index(split)] += counts[group]
    total = sum(counts.values()) - held[shares == 0].sum(axis=0)
    for group in sorted(counts.keys() - assigned.keys(), key=lambda name: (-counts[name].sum(), _rank(name, order))):
        change = [_distance(held, split, counts[group], shares, total) for split in range(len(SPLITS))]
        choice = int(np.argmin(change))
        held[choice] += counts[group]
        assigned[group] = SPLITS[choice]
    return assigned, _distance(held, 0, np.zeros_like(total), shares, total)


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
