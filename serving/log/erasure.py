"""Rows of samples leave the log for good."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from serving.log.predictions import store_of
from serving.log.reading import Wanted, files_of, load
from serving.log.store import File, Store, settled

NAMES = ("hash", "id", "key", "path")
KEYS = ("path", "key", "group", "session")


@dataclass(frozen=True)
class Traces:
    """What the log holds of samples: their contents, and the names by which labels may refer to them."""

    hashes: frozenset[str]
    ids: frozenset[str]
    keys: frozenset[str]
    paths: frozenset[str]

    @property
    def references(self) -> frozenset[str]:
        """All of them."""
        return self.hashes | self.ids | self.keys | self.paths


def find_traces(domain: str, hashes: AbstractSet[str], keys: AbstractSet[str] = frozenset()) -> Traces:
    """What the log holds of samples that are named by content, or by path, key, group or session.

    Raises:
        PredictionLogError: a file is not what was written.
    """
    return settled(lambda: _traces(store_of(domain), hashes, keys))


def erase(domain: str, hashes: AbstractSet[str], keys: AbstractSet[str] = frozenset()) -> int:
    """Takes the rows of samples out of the log and returns their number; called again it finishes what was begun.

    Args:
        domain: whose log.
        hashes: sha256 of the samples' bytes.
        keys: paths, and keys, groups and sessions as callers named them.

    Raises:
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write.
    """
    store = store_of(domain)
    gone = without(store, lambda: files_of(store, Wanted()), load, lambda table: _named(table, hashes, keys))
    pairs = [zip(table["id"].to_pylist(), table["version"].to_pylist(), strict=True) for table in gone]
    return len(set(chain.from_iterable(pairs)))


def without(
    store: Store,
    files: Callable[[], Iterable[File]],
    load_file: Callable[[Store, File], pa.Table],
    rule: Callable[[pa.Table], pa.Array],
) -> list[pa.Table]:
    """Rewrites the files that hold rows of a rule without them, until none does, and returns these rows.

    First the new file, then the old one goes: a reader counts a row once. A file may be merged with others meanwhile,
    so what is found once is looked for again.
    """
    erased: list[pa.Table] = []
    while found := [table for file in files() if (table := _rewrite(store, file, load_file, rule)) is not None]:
        erased += found
    return [table for table in erased if table.num_rows]


def _rewrite(
    store: Store,
    file: File,
    load_file: Callable[[Store, File], pa.Table],
    rule: Callable[[pa.Table], pa.Array],
) -> pa.Table | None:
    """The rows that were taken out of a file; None where there were none."""
    try:
        table = load_file(store, file)
    except FileNotFoundError:  # merged since the folder was listed
        return pa.table({})
    gone = rule(table)
    if not pc.any(gone).as_py():
        return None
    rest = table.filter(pc.invert(gone))
    if rest.num_rows:
        store.rewrite(file, rest)
    store.remove(file)
    return table.filter(gone)


def _traces(store: Store, hashes: AbstractSet[str], keys: AbstractSet[str]) -> Traces:
    found = {name: set[str]() for name in NAMES}
    for file in files_of(store, Wanted()):
        table = load(store, file, ("hash", *KEYS))
        table = table.filter(_named(table, hashes, keys))
        for name in (name for name in NAMES if name in table.column_names):
            found[name].update(filter(None, table[name].to_pylist()))
    return Traces(*(frozenset(found[name]) for name in NAMES))


def _named(table: pa.Table, hashes: AbstractSet[str], keys: AbstractSet[str]) -> pa.Array:
    gone = pc.is_in(table["hash"], pa.array(sorted(hashes), pa.string()))
    for name in (name for name in KEYS if keys and name in table.column_names):
        gone = pc.or_(gone, pc.is_in(table[name], pa.array(sorted(keys), pa.string())))
    return gone
