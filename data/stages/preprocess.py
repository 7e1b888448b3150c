"""Preprocess: decode once into shards and assign splits; `python -m data.stages.preprocess DOMAIN`.

A DVC stage whose output data/processed/DOMAIN is kept between runs: shards grow at their end, `index.parquet` remembers
every sample ever seen with its group, split, position and the test set that it was retired from (-1: none), and
`manifest.parquet` lists the samples that count now. Nothing in it tells of paths or times, so equal data give equal
bytes on any machine.
"""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from data.config import DataConfig, load_data_config
from data.errors import SourceError
from data.specs.spec import recorded
from data.stages.decode import RawSamples
from data.stages.splits import SPLITS, assign_splits, binding
from data.stores.atomic import write_text
from data.stores.manifest import LABEL, SLICE, processed_folder, read_table, validated_folder, write_table
from data.stores.shards import append_rows, remove_leftovers
from settings.entry import stage_main
from settings.machine import load_settings

log = logging.getLogger(__name__)

WATCHED = ("width", "height", "mode")  # facts of files by which drift tells another source


def preprocess(root: Path, name: str, config: DataConfig) -> int:
    """Brings the processed data up to date with the accepted samples; returns how many were decoded.

    Raises:
        SourceError: a file changed since it was ingested, or a split is left without samples.
        StorageError: the disk refused a write; the next run goes on after the last whole shard.
    """
    folder = processed_folder(root, name)
    accepted = read_table(validated_folder(root, name) / "accepted.parquet")
    index = _grown(_stored(folder, config), accepted, config)
    new = accepted[accepted["hash"].isin(index.loc[index["position"] < 0, "hash"])]
    start = int((index["position"] >= 0).sum())
    # The index goes first: it holds the splits, and says of no row that it is stored with another transform.
    write_table(folder / "index.parquet", index)
    write_text(folder / "transform.json", json.dumps(recorded(config.transform), separators=(",", ":")))
    planned = pd.Series(range(start, start + len(new)), index=new["hash"], dtype="int64")
    arrays = RawSamples(root, name, config).decoded(new, config.transform)
    for end in append_rows(folder, start, arrays, config.transform):
        index = _positioned(index, planned[planned < end])
        write_table(folder / "index.parquet", index)
    _write_manifest(folder, accepted, index)
    remove_leftovers(folder, start + len(new), config.transform)
    return len(new)


def planned_splits(root: Path, name: str, accepted: pd.DataFrame, config: DataConfig) -> "pd.Series[str]":
    """The split that each of these rows would get if they were preprocessed, by its hash; nothing is written.

    Raises:
        SourceError: a split is left without samples, or a class without one to learn from.
    """
    folder = processed_folder(root, name)
    index = read_index(folder) if (folder / "index.parquet").exists() else _nothing()
    grown = _grown(index, accepted, config)
    return accepted["hash"].map(grown.set_index("hash")["split"])


def _nothing() -> pd.DataFrame:
    """The index of no sample."""
    none = np.array([], np.int64)
    return pd.DataFrame({"hash": [], "group": [], "split": []}, dtype=str).assign(position=none, retired=none)


def _stored(folder: Path, config: DataConfig) -> pd.DataFrame:
    """Every sample ever seen: hash, group, split, retired and position, which is -1 where no pixels are stored.

    With another transform, or code that decodes otherwise, no pixels are, and the manifest goes, so that nobody reads
    new pixels by old positions.
    """
    if not (folder / "index.parquet").exists():
        return _nothing()
    index = read_index(folder)
    spec = folder / "transform.json"
    if spec.exists() and json.loads(spec.read_text(encoding="utf-8")) == recorded(config.transform):
        return index
    (folder / "manifest.parquet").unlink(missing_ok=True)
    return index.assign(position=np.int64(-1))


def read_index(folder: Path) -> pd.DataFrame:
    """The index of processed data; that of an earlier release knows of no retired test set."""
    index = read_table(folder / "index.parquet")
    return index if "retired" in index.columns else index.assign(retired=np.int64(-1))


def _grown(index: pd.DataFrame, accepted: pd.DataFrame, config: DataConfig) -> pd.DataFrame:
    """The index with the accepted samples as the source groups them now, each with its split.

    A sample moves to another split only where the source gives one, or puts it into a group that would otherwise stand
    in several.
    """
    seen = _regrouped(index, accepted)
    given = accepted.assign(split=binding(accepted))
    table = accepted.assign(split=assign_splits(given, strata_of(accepted, config), _known(seen), config.split))
    for split in sorted(set(SPLITS) - set(table["split"])):
        raise SourceError(
            f"{table['group'].nunique()} groups leave the split {split!r} empty; add groups or raise its share"
        )
    _refuse_untaught(table, config)
    # A sample that is gone follows its group, which would stand in several splits for ever otherwise.
    followed = seen["group"].map(table.groupby("group")["split"].first())
    present = seen["hash"].map(table.set_index("hash")["split"]).fillna(followed).fillna(seen["split"])
    if (moved := int((present != seen["split"]).sum())) > 0:
        log.warning("%d samples change their split, as the groups or splits that the source gives demand", moved)
    unseen = table.loc[~table["hash"].isin(index["hash"]), ["hash", "group", "split"]].astype(str)
    new = unseen.assign(position=np.int64(-1), retired=np.int64(-1))
    return pd.concat([seen.assign(split=present), new], ignore_index=True)


def _refuse_untaught(table: pd.DataFrame, config: DataConfig) -> None:
    """Refuses a class that nothing could be learned of."""
    answers, task = config.answers(table), config.tasks[config.headline]
    learned, there = task.counts(answers[table["split"] == "train"]), task.counts(answers)
    for answer in there.index[(learned == 0) & (there > 0)]:
        raise SourceError(
            f"class {answer!r} has no training sample: all {there[answer]} are in validation or test; give some of "
            "them to train, or let the split be made"
        )


def _regrouped(index: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """The index with the groups that the samples have in the source now; what is gone keeps its own."""
    now = index["hash"].map(accepted.set_index("hash")["group"])
    return index.assign(group=now.fillna(index["group"]))


def _known(seen: pd.DataFrame) -> dict[str, str]:
    """The split of each group that was seen; none of a group that stands in several, which is assigned anew."""
    splits = seen.groupby("group")["split"].agg(["first", "nunique"])
    return dict(splits.loc[splits["nunique"] == 1, "first"])


def strata_of(accepted: pd.DataFrame, config: DataConfig) -> "pd.Series[str]":
    """What the splits are balanced by, for each accepted sample: its label and the slices that the domain names.

    Raises:
        SourceError: the source has no such slice.
    """
    strata = config.tasks[config.headline].strata(config.answers(accepted))
    for name in _slices(accepted, config):
        strata = strata + "|" + accepted[SLICE + name].astype(str)
    return strata


def _positioned(index: pd.DataFrame, stored: "pd.Series[int]") -> pd.DataFrame:
    """The index with the positions of the samples that have just been stored."""
    position = index["hash"].map(stored).fillna(index["position"]).astype("int64")
    return index.assign(position=position)


def _slices(accepted: pd.DataFrame, config: DataConfig) -> tuple[str, ...]:
    missing = [name for name in config.split.stratify if SLICE + name not in accepted.columns]
    if missing:
        there = (
            ", ".join(column.removeprefix(SLICE) for column in accepted.columns if column.startswith(SLICE)) or "none"
        )
        raise SourceError(
            f"split.stratify names the slice {missing[0]!r}, which the source has not (there: {there}); correct it"
        )
    return config.split.stratify


def _write_manifest(folder: Path, accepted: pd.DataFrame, index: pd.DataFrame) -> None:
    """The accepted samples in the order of their positions, which is the order in which they were stored."""
    described = [column for column in accepted.columns if column.startswith((LABEL, SLICE)) or column in WATCHED]
    manifest = accepted[["hash", "weight", *described]].merge(index, on="hash").sort_values("position")
    write_table(folder / "manifest.parquet", manifest[["hash", "group", "weight", "split", "position", *described]])
    if (index["retired"] >= 0).any():
        write_text(folder / "generation.json", json.dumps({"generation": int(index["retired"].max()) + 1}))


def main(name: str) -> None:
    """Preprocesses one domain."""
    root = load_settings().root
    count = preprocess(root, name, load_data_config(root, name))
    log.info("preprocess %s: %d samples decoded", name, count)


if __name__ == "__main__":
    stage_main(main)
