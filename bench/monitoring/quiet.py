"""Quiet traffic of real samples: references and windows of one population, which comes one by one or in sessions.

Fashion-MNIST: 5,000 test images as those of 100 persons, each with a mixture of classes of its own. ELPV: 1,550
polycrystalline cells in their modules. A session is a run of samples of one person or module, or of several where it
takes more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.monitoring.pool import TEST, Integers, load_answers
from monitoring.nulls.blocks import Blocks, Places

PERSONS, TOGETHER, MIXED = 100, 50, 0.5
REFERENCE = 960  # rows
OUTSIDE = 0.4  # share of each group that is traffic, where the reference has rows of all groups
WINDOWS = 5  # of one reference
REFERENCES = {
    "grouped": "by groups, named; traffic is of others",
    "rows": "single rows of all groups",
    "unnamed": "by groups that nobody named; traffic is of others",
}


@dataclass(frozen=True, eq=False)
class Split:
    """Places of a reference and of windows, whose rows lie session by session; `groups` name what is told of it."""

    known: Places
    groups: list[str]
    windows: list[Places]
    came: Blocks


def quiet_rows(root: Path, data: str, images: Path) -> pd.DataFrame:
    """The population: probabilities, embedding and group of each sample, as rows of a reference or of the log."""
    name = "polycrystalline" if data == "elpv" else TEST
    part = load_answers(root, data, images, name)[name]
    groups = part.groups if data == "elpv" else _persons(part.truth)
    part, groups = part.take(np.flatnonzero(groups >= 0)), groups[groups >= 0]
    return pd.DataFrame({
        "group": [f"g{group:02d}" for group in groups], "split": "val",
        "probabilities": list(part.probabilities), "embedding": list(part.embeddings),
    })  # fmt: skip


def _persons(truth: Integers) -> Integers:
    """A person for half of the samples, -1 for the others; each has a mixture of classes of its own."""
    random, person = np.random.default_rng(0), np.full(len(truth), -1)
    for number in range(PERSONS):
        weights = random.dirichlet(np.full(10, MIXED))[truth] + 1e-9
        weights[person >= 0] = 0
        person[random.choice(len(truth), TOGETHER, replace=False, p=weights / weights.sum())] = number
    return person


def splits(rows: pd.DataFrame, reference: str, session: int, size: int, count: int) -> Iterator[Split]:
    """Splits of a population into a reference and windows of so many rows in sessions of so many; 1: one by one."""
    labels = pd.factorize(rows["group"])[0]
    for number in range(count):
        random = np.random.default_rng([number, session, size])
        known, outside = _cut(labels, reference, random)
        windows = [_window(labels, outside, session, size, random) for _ in range(WINDOWS)]
        told = [f"g{labels[place]}" if reference == "grouped" else f"r{place}" for place in known]
        came = Blocks(np.arange(size) // session, "session") if session > 1 else Blocks(np.arange(size))
        yield Split(known, told, windows, came)


def _cut(labels: Integers, reference: str, random: np.random.Generator) -> tuple[Places, Places]:
    """Places of the reference, in order, and of what traffic is drawn from."""
    if reference == "rows":
        order = random.permutation(len(labels))
        share = pd.Series(order).groupby(labels[order]).cumcount() / np.bincount(labels)[labels[order]]
        outside, rest = order[share < OUTSIDE], order[share >= OUTSIDE]
        return np.sort(rest[:REFERENCE]), outside
    groups = random.permutation(labels.max() + 1)
    sizes = np.bincount(labels)[groups].cumsum()
    mine = np.isin(labels, groups[sizes <= REFERENCE])
    return np.flatnonzero(mine), np.flatnonzero(~mine)


def _window(labels: Integers, outside: Places, session: int, size: int, random: np.random.Generator) -> Places:
    """Rows of a window, session by session; what one group lacks comes from the next."""
    shuffled = random.permutation(outside)
    if session == 1:
        return shuffled[:size]
    queue = [shuffled[labels[shuffled] == group] for group in random.permutation(np.unique(labels[outside]))]
    parts: list[Places] = []
    while sum(map(len, parts)) < size:
        parts += _session(queue, session)
    return np.concatenate(parts)[:size]


def _session(queue: list[Places], size: int) -> list[Places]:
    """So many rows of the first group in the queue, and of the next where it has not so many; the last may be short."""
    took: list[Places] = []
    while size and queue:
        group = queue.pop(0)
        took.append(group[:size])
        size -= len(took[-1])
        if len(took[-1]) < len(group):
            queue.append(group[len(took[-1]) :])
    return took
