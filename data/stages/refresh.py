"""A fresh test set: the spent one goes to training; data that no model in production learned from take its place."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.config import DataConfig
from data.errors import SourceError
from data.naming import few
from data.stages.preprocess import read_index, strata_of
from data.stages.splits import assign_splits, binding
from data.stores.manifest import processed_folder, read_table, validated_folder, write_table


@dataclass(frozen=True)
class Refreshed:
    """Samples that left the test set, samples that came into it, and its number: 0 was the first."""

    retired: int
    fresh: int
    generation: int


def refresh_test_split(root: Path, name: str, config: DataConfig, used: AbstractSet[str]) -> Refreshed:
    """Draws a test set from groups of which no sample is in `used` (hashes that models in production learned from).

    Only the index changes, in one write; the preprocess stage then brings everything else up to date with it.

    Raises:
        SourceError: the source gives the test split, or the newer data hold too few groups or not every class.
    """
    path = processed_folder(root, name) / "index.parquet"
    index, accepted = read_index(path.parent), read_table(validated_folder(root, name) / "accepted.parquet")
    if (accepted["split"] == "test").any():
        raise SourceError(f"the source of {name!r} gives the test split; only a split that Regraft makes is refreshed")
    held = index["split"] == "test"
    free = ~index["group"].isin(set(index.loc[index["hash"].isin(used) | held, "group"]))
    splits = _assigned(index, accepted, free, config)
    fresh = (splits == "test") & index["hash"].isin(accepted["hash"])
    _check(name, index[fresh], accepted, config)
    generation = int(index["retired"].max()) + 1
    write_table(path, index.assign(split=splits, retired=index["retired"].mask(held, generation)))
    return Refreshed(int(held.sum()), int(fresh.sum()), generation + 1)


def _assigned(
    index: pd.DataFrame, accepted: pd.DataFrame, free: "pd.Series[bool]", config: DataConfig
) -> "pd.Series[str]":
    """The index's splits once the test set is in training and free groups are in its place; nothing else moves."""
    kept = index["split"].replace("test", "train")
    groups = accepted["hash"].map(index.set_index("hash")["group"])
    table = accepted.assign(group=groups, split=binding(accepted)).dropna(subset="group")
    known = dict(zip(index.loc[~free, "group"], kept[~free], strict=True))
    assigned = assign_splits(table, strata_of(accepted, config)[table.index], known, config.split)
    chosen = set(table.loc[assigned == "test", "group"])
    return kept.mask(free & index["group"].isin(chosen), "test")


def _check(name: str, fresh: pd.DataFrame, accepted: pd.DataFrame, config: DataConfig) -> None:
    counts = config.tasks[config.headline].counts(config.answers(accepted[accepted["hash"].isin(fresh["hash"])]))
    missing = [str(answer) for answer in counts.index[counts == 0]]
    groups = fresh["group"].nunique()
    if groups < 2 or missing:
        lack = f", none of {few(missing)}" if missing else ""
        raise SourceError(
            f"{len(fresh)} samples of {name!r} in {groups} groups are newer than what production learned from{lack}; a "
            "fresh test set needs two groups and every class: add newer data, run `regraft prepare`, and refresh again"
        )
