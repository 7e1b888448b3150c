"""Which labels speak of a prediction that is in the log by now."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from serving.feedback.labels import Label
from serving.log.predictions import store_of
from serving.log.reading import Wanted, files_of, parts_of
from serving.log.store import settled

Name = tuple[str, str]  # a column of the log, and what stands in it


def in_log(domain: str, labels: Iterable[Label]) -> set[Name]:
    """Kind and reference of the labels whose prediction is in the log; of the log a part is in memory at a time.

    Raises:
        PredictionLogError: a file that had to be opened is not what was written.
    """
    names: set[Name] = {(label.kind, label.reference) for label in labels}
    found: set[Name] = settled(lambda: _found(domain, names))
    return found


def _found(domain: str, names: set[Name]) -> set[Name]:
    left = set(names)
    for part in _parts(domain, sorted({kind for kind, _ in names})):
        left -= _names_in(part, left)
        if not left:
            break
    return names - left


def _parts(domain: str, kinds: list[str]) -> Iterator[pa.Table]:
    store = store_of(domain)
    return (part for file in files_of(store, Wanted()) for part in parts_of(store, file, kinds))


def _names_in(part: pa.Table, wanted: set[Name]) -> set[Name]:
    found: set[Name] = set()
    for kind in {kind for kind, _ in wanted} & {*part.column_names}:
        asked = pa.array(sorted(name for other, name in wanted if other == kind), pa.string())
        there = part[kind].filter(pc.is_in(part[kind], asked))
        found |= {(kind, name) for name in there.unique().to_pylist()}
    return found
