"""Splits: groups whole, strata balanced, nothing ever moves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.config import SplitConfig
from data.sources import ElpvSource
from data.stages.splits import SPLITS, assign_splits, binding


def random_table(seed: int, groups: int = 60) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Groups of 1 to 12 rows, each group mostly of one of three labels."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 13, groups)
    main = np.repeat(random.integers(0, 3, groups), sizes)
    labels = np.where(random.random(sizes.sum()) < 0.7, main, random.integers(0, 3, sizes.sum()))
    names = np.repeat([f"group-{number}" for number in range(groups)], sizes)
    return pd.DataFrame({"group": names, "split": None}), pd.Series(labels.astype(str))


def known_of(table: pd.DataFrame, splits: "pd.Series[str]") -> dict[str, str]:
    """What a later run knows."""
    return dict(zip(table["group"], splits, strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_assign_splits__groups_stay_whole(seed: int) -> None:
    """No group lies in two splits."""
    table, strata = random_table(seed)
    splits = assign_splits(table, strata, {}, SplitConfig(seed=seed))
    assert splits.groupby(table["group"]).nunique().max() == 1
    assert set(splits) == set(SPLITS)


@pytest.mark.parametrize("seed", range(8))
def test_assign_splits__nothing_moves(seed: int) -> None:
    """When data come in three rounds, in another order and with another seed, every sample keeps its first split."""
    table, strata = random_table(seed)
    order = np.random.default_rng(seed).permutation(table["group"].unique())
    known: dict[str, str] = {}
    first: dict[str, str] = {}
    for end in (20, 40, 60):
        rows = table["group"].isin(order[:end])
        splits = assign_splits(table[rows], strata[rows], known, SplitConfig(seed=seed + end))
        known = known_of(table[rows], splits)
        assert {group: known[group] for group in first} == first
        first = dict(known)


@pytest.mark.parametrize("seed", range(8))
def test_assign_splits__strata_are_balanced(seed: int) -> None:
    """Each label has nearly its wanted share in each split, though groups cannot be cut."""
    table, strata = random_table(seed, groups=150)
    splits = assign_splits(table, strata, {}, SplitConfig(validation=0.2, test=0.25, seed=seed))
    shares = pd.crosstab(strata, splits, normalize="index")[list(SPLITS)]
    assert np.abs(shares.to_numpy() - [0.55, 0.2, 0.25]).max() < 0.03


def test_assign_splits__growth_fills_what_is_short() -> None:
    """New data go where the shares are short, so that all data together come close to them again."""
    table, strata = random_table(1, groups=150)
    known = dict.fromkeys(table["group"].unique()[:40], "train")
    splits = assign_splits(table, strata, known, SplitConfig())
    assert np.abs(splits.value_counts(normalize=True)[list(SPLITS)].to_numpy() - [0.6, 0.2, 0.2]).max() < 0.03


@pytest.mark.parametrize("count", [4, 7, 20])
def test_assign_splits__small_classes_reach_every_split(count: int) -> None:
    """A class of a few ungrouped samples is trained, validated and tested."""
    table = pd.DataFrame({"group": [f"g{number}" for number in range(3 * count)], "split": None})
    strata = pd.Series([f"class-{number % 3}" for number in range(3 * count)])
    splits = assign_splits(table, strata, {}, SplitConfig())
    assert (pd.crosstab(strata, splits) > 0).to_numpy().all()


def test_assign_splits__many_small_classes() -> None:
    """Three samples a class leave one for validation or test; over all classes both get their share of them."""
    table = pd.DataFrame({"group": [f"g{number}" for number in range(120)], "split": None})
    splits = assign_splits(table, pd.Series([f"class-{number % 40}" for number in range(120)]), {}, SplitConfig())
    assert splits.value_counts()[list(SPLITS)].to_list() == [80, 20, 20]


def test_assign_splits__depends_on_nothing_but_its_input() -> None:
    """The same table gives the same splits, in whatever order its rows lie; another seed gives others."""
    table, strata = random_table(3)
    splits = assign_splits(table, strata, {}, SplitConfig())
    order = np.random.default_rng(0).permutation(len(table))
    assert assign_splits(table.iloc[order], strata.iloc[order], {}, SplitConfig()).sort_index().equals(splits)
    assert not assign_splits(table, strata, {}, SplitConfig(seed=1)).equals(splits)


def test_assign_splits__given_test_is_kept_and_not_filled_up() -> None:
    """A source's own test split stays as it is, with all of its group; the rest is shared by the other two."""
    table, strata = random_table(4)
    given = table["group"].isin([f"group-{number}" for number in range(10)])
    table.loc[table.index[given][::2], "split"] = "test"  # half the rows say so, the whole group follows
    splits = assign_splits(table, strata, {}, SplitConfig())
    named = table["group"].isin(table.loc[table["split"].notna(), "group"])
    assert (splits[named] == "test").all()
    assert set(splits[~named]) == {"train", "val"}
    assert (splits[~named] == "val").mean() == pytest.approx(0.2, abs=0.02)


def test_assign_splits__given_training_rows_still_leave_a_test() -> None:
    """A source that names training rows only gets a test split from the others."""
    table, strata = random_table(5)
    table.loc[table["group"] == "group-0", "split"] = "train"
    splits = assign_splits(table, strata, {}, SplitConfig())
    assert (splits == "test").mean() == pytest.approx(0.2, abs=0.03)


def test_assign_splits__given_beats_known() -> None:
    """A source that gives another split than before is followed."""
    table, strata = random_table(6)
    table.loc[table["group"] == "group-1", "split"] = "test"
    splits = assign_splits(table, strata, {"group-1": "train"}, SplitConfig())
    assert set(splits[table["group"] == "group-1"]) == {"test"}


@pytest.mark.parametrize("seed", range(4))
def test_assign_splits__modules_of_elpv(seed: int) -> None:
    """The demo's 19 monocrystalline modules: whole, and the share of defects alike in all splits with any seed."""
    samples = list(ElpvSource(kind="elpv", types=("mono",)).samples(Path(), "defect"))
    table = pd.DataFrame({"group": [sample.group for sample in samples], "split": None})
    labels = pd.Series([sample.labels["defect"] for sample in samples])
    strata = labels + pd.Series([sample.slices["probability"] for sample in samples])
    splits = assign_splits(table, strata, {}, SplitConfig(validation=0.2, test=0.25, seed=seed))
    assert splits.groupby(table["group"]).nunique().max() == 1
    assert splits.value_counts(normalize=True)[list(SPLITS)].to_numpy() == pytest.approx([0.55, 0.2, 0.25], abs=0.05)
    defects = (labels == "defective").groupby(splits).mean()
    assert defects.max() - defects.min() < 0.06


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        (["train", "train", "test"], [None, None, "test"]),
        (["train", "train", "val"], [None, None, "val"]),
        (["train", "val", "test"], ["train", "val", "test"]),
        (["train", None, "test"], ["train", None, "test"]),
    ],
)
def test_binding__what_the_source_leaves_out(given: list[str | None], bound: list[str | None]) -> None:
    """A missing split is taken out of training, if the source places every sample; labels from production do not."""
    table = pd.DataFrame({"source": ["source"] * 3 + ["feedback"] * 2, "split": [*given, None, "train"]})
    found = binding(table)
    assert found.where(found.notna(), None).tolist() == [*bound, None, "train"]
