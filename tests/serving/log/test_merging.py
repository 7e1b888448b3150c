"""Files are merged, placed, dropped and rewritten; killed at any step nothing is lost, and nothing counts twice."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.feedback.labels import Label, file_labels, history, labels_store
from serving.log import merging
from serving.log.erasure import erase, find_traces
from serving.log.predictions import append, read, store_of
from serving.log.schema import FIRST, table_of
from serving.log.store import Store, _fingerprint
from serving.upkeep import tend
from settings.errors import ConfigError

FACTS = ("brightness",)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def killed(monkeypatch) -> Callable[[int, Callable[[], object]], bool]:
    """Runs something that ends with its n-th write or deletion, just before it; says whether it came that far."""

    def run(step: int, action: Callable[[], object]) -> bool:
        steps = iter(range(step))

        def counted(whole):
            def call(*args):
                if next(steps, None) is None:
                    raise Killed
                return whole(*args)

            return call

        with monkeypatch.context() as patched:
            for name in ("_put", "remove", "drop"):
                patched.setattr(Store, name, counted(getattr(Store, name)))
            try:
                action()
            except Killed:
                return True
        return False

    return run


@pytest.fixture
def pets(project):
    """A domain, and others of its kind."""
    for name in ("pets", *(f"pets{number}" for number in range(9))):
        path = project / "domains" / f"{name}.yaml"
        path.write_text("log: {retention_days: 30}\n")
    return project / "domains" / "pets.yaml"


@pytest.fixture
def many(monkeypatch):
    """More than three small files are many."""
    monkeypatch.setattr(merging, "MANY", 3)


def paths(name: str = "pets", **wanted) -> list[str]:
    """The rows of the log."""
    return read(name, **wanted)["path"].tolist()


def filled(rows, count: int, name: str = "pets") -> list[str]:
    """A log of so many files of two rows; what is in it."""
    for start in range(0, 2 * count, 2):
        append(name, rows(start, start + 2, hash=f"h{start}"), FACTS)
    return paths(name)


def test_tend__merges_small_files(pets, many, rows, monkeypatch):
    """Many become few in their order, as big as may be; few stay."""
    before = filled(rows, 3)
    tend("pets")
    (day,) = store_of("pets").days()
    assert len(store_of("pets").files(day)) == 3
    before += filled(rows, 2)[6:]
    size = max(file.size for file in store_of("pets").files(day))
    monkeypatch.setattr(merging, "MERGED", 2 * size)
    tend("pets")
    assert (len(store_of("pets").files(day)), paths()) == (3, before)
    monkeypatch.setattr(merging, "SMALL", 1)
    tend("pets")
    assert len(store_of("pets").files(day)) == 3


def test_tend__killed_at_any_step(pets, many, rows, killed):
    """Whatever step is the last, each row counts once, in order, and the next time it is brought to its end."""
    for step in range(7):
        name = f"pets{step}"
        before = filled(rows, 5, name)
        assert killed(step, lambda name=name: tend(name)) == (step < 6)
        for again in range(step + 1):
            assert (paths(name), paths(name, last=3)) == (before, before[-3:])
            killed(again, lambda name=name: tend(name))
        tend(name)
        assert (paths(name), len(store_of(name).files(store_of(name).days()[0])) <= 3) == (before, True)


def test_tend__killed_and_begun_again_with_more(pets, many, rows, killed):
    """A merged file beside some of what it was made of is merged with them once more, each row once."""
    before = filled(rows, 5)
    assert killed(2, lambda: tend("pets"))
    before += filled(rows, 1)[10:]
    tend("pets")
    (day,) = store_of("pets").days()
    (file,) = store_of("pets").files(day)
    assert paths() == before
    assert pq.ParquetFile(io.BytesIO(store_of("pets").read(file))).metadata.num_rows == len(before)


@pytest.mark.parametrize("read", [list, iter])
def test_merge__of_what_vanishes_meanwhile(pets, many, rows, monkeypatch, read):
    """What was erased while files were merged does not come back, and nothing else is lost."""
    before = filled(rows, 5)
    join, meddle = Store.join, [lambda: erase("pets", {"h2"})]

    def slow(store, file, schema, tables):
        known = read(tables)  # all of it before the erasure, or nothing
        if meddle:
            meddle.pop()()
        return join(store, file, schema, known)

    monkeypatch.setattr(Store, "join", slow)
    tend("pets")
    assert paths() == [path for path in before if path not in {"2", "3"}]


def test_merge__whole_groups(pets, many, rows, monkeypatch):
    """Rows of small files share groups, as a reader decodes whole ones; columns that some files have stay."""
    monkeypatch.setattr("serving.log.store.GROUP", 4)
    before = filled(rows, 5)
    (first, *_), again = read("pets")["id"], rows(10, 13, facts={"sharpness": 1.0})
    append("pets", [replace(again[0], id=first), *again[1:]], ("sharpness",))
    tend("pets")
    (day,) = store_of("pets").days()
    (file,) = store_of("pets").files(day)
    found = pq.ParquetFile(io.BytesIO(store_of("pets").read(file))).metadata
    assert [found.row_group(place).num_rows for place in range(found.num_row_groups)] == [4, 4, 4]
    assert paths() == [*before[1:], "10", "11", "12"], "a row that was written twice stands where it was last"
    assert read("pets")["sharpness"].isna().tolist() == [True] * 9 + [False] * 3


def test_merge__memory_of_one_file(pets, rows, monkeypatch):
    """However many files are merged, what is decoded at once is about one of them."""
    most = []
    joined = Store.join
    monkeypatch.setattr(Store, "join", lambda store, file, schema, tables: joined(
        store, file, schema, (_noted(table, most) for table in tables)
    ))  # fmt: skip
    wide = {"embedding": np.zeros(20_000, np.float16)}
    for start in range(0, 340, 10):
        append("pets", rows(start, start + 10, **wide), FACTS)
    (day,) = store_of("pets").days()
    monkeypatch.setattr("serving.log.store.GROUP", 10)
    before = pa.total_allocated_bytes()
    assert merging.merge(store_of("pets"), day) == 34
    assert len(most) == 34
    assert max(most) - before < 10 * 10 * 40_000


def _noted(table, most):
    most.append(pa.total_allocated_bytes())
    return table


def test_read__while_files_are_merged(pets, many, rows, monkeypatch):
    """A reader that has listed files which are gone by now begins anew."""
    before = filled(rows, 5)
    whole, meddle = Store.read, [lambda: tend("pets")]

    def slow(store, file):
        if meddle:
            meddle.pop()()
        return whole(store, file)

    monkeypatch.setattr(Store, "read", slow)
    assert paths() == before


def test_tend__places_files_of_the_first_release(pets, rows, home, killed):
    """They go into the folders of their versions; killed at any step each row counts once."""
    folder = home / "predictions" / "pets"
    folder.mkdir(parents=True)
    buffer = io.BytesIO()
    old = table_of([*rows(0, 2), *rows(2, 3, version=2), *rows(3, 4)], FACTS).select([*FIRST, *FACTS])
    pq.write_table(old, buffer)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{_fingerprint(buffer.getvalue())}.parquet"
    (folder / name).write_bytes(buffer.getvalue())
    step = 0
    while killed(step, lambda: tend("pets")):
        assert sorted(paths()) == list("0123")
        step += 1
    assert (step, sorted(paths()), paths(version=1)) == (3, list("0123"), list("013"))
    assert {path.name for path in folder.iterdir()} == {"version=1", "version=2"}


def test_tend__retention(pets, rows, monkeypatch):
    """Predictions and labels of days that are over for longer go; those of the last day that is kept stay."""
    for days in (32, 31, 30):
        past = datetime.now(UTC) - timedelta(days=days)
        monkeypatch.setattr("serving.log.store._now", lambda past=past: past)
        append("pets", rows(days, days + 1), FACTS)
        file_labels("pets", [Label("id", str(days), "cat")])
    tend("pets")
    assert (paths(), history("pets")["reference"].tolist()) == (["30"], ["30"])
    pets.write_text("description: pets\n")
    tend("pets")
    assert paths() == ["30"]


def test_tend__wrong_section(pets):
    """A retention that means nothing is refused by name."""
    pets.write_text("log: {retention_days: 0}\n")
    with pytest.raises(ConfigError, match="log.retention_days"):
        tend("pets")


def test_tend__merges_labels(pets, many, killed):
    """Labels as well, in the order in which they came."""
    for number in range(5):
        file_labels("pets", [Label("id", "a", str(number))])
    step = 0
    while killed(step, lambda: tend("pets")):
        assert history("pets")["label"].tolist() == list("01234")
        step += 1
    assert history("pets")["label"].tolist() == list("01234")
    assert len(labels_store("pets").files(labels_store("pets").days()[0])) <= 3


def test_erase__leaves_the_others_in_their_order(rows):
    """Rows of a sample go from every file, each file still is what was written, and again there is nothing to do."""
    for number, hashes in enumerate((("a", "b"), ("b",), ("c", "b", "d"))):
        append("pets", [row for one in hashes for row in rows(number, number + 1, hash=one)], FACTS)
    assert erase("pets", {"b"}) == 3
    assert list(read("pets")["hash"]) == ["a", "c", "d"]
    assert erase("pets", {"b"}) == 0


def test_erase__by_what_callers_say(rows):
    """By path, key, group or session, of rows without content as well; what labels may name is known before."""
    named = [{"key": "x"}, {"group": "x"}, {"session": "x"}, {"hash": None, "key": "x"}, {"key": "y"}]
    for number, more in enumerate(named):
        append("pets", rows(number, number + 1, id=f"id{number}", **more), FACTS)
    append("pets", [*rows(5, 6, id="id5"), *rows(6, 7, id="id6", hash="x")], FACTS)
    found = find_traces("pets", {"none"}, {"x", "5"})
    assert found.ids == {"id0", "id1", "id2", "id3", "id5"}
    assert (found.hashes, found.keys, found.paths) == ({"h"}, {"x"}, {"0", "1", "2", "3", "5"})
    assert (erase("pets", {"none"}, {"x", "5"}), read("pets")["id"].tolist()) == (5, ["id4", "id6"])


def test_erase__killed_at_any_step(rows, killed):
    """No other row is lost or counts twice, and called again it goes on."""
    for step in range(4):
        name = f"pets{step}"
        before = filled(rows, 3, name)
        append(name, rows(92, 93, hash="gone"), FACTS)
        append(name, [*rows(90, 91, hash="gone"), *rows(91, 92)], FACTS)
        assert killed(step, lambda name=name: erase(name, {"gone"})) == (step < 3)
        assert [path for path in paths(name) if path not in {"90", "92"}] == [*before, "91"]
        erase(name, {"gone"})
        assert paths(name) == [*before, "91"]
