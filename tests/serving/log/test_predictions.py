"""The log keeps order, opens what it needs, and shows any change to its files."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data.stores.atomic import MACHINE
from serving.errors import PredictionLogError
from serving.log.erasure import erase
from serving.log.predictions import append, read, store_of
from serving.log.schema import FIRST, table_of
from serving.log.store import _NEWEST, File, Store, _fingerprint

FACTS = ("brightness",)
START = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The files that are opened, as they are."""
    names: list[str] = []
    whole = Store.read

    def noted(store: Store, file: File) -> bytes:
        names.append(file.path)
        return whole(store, file)

    monkeypatch.setattr(Store, "read", noted)
    return names


@pytest.fixture
def old(home, rows):
    """A log as the first release wrote it: flat files, named by the time of writing, without ids."""

    def write(name: str, start: int, stop: int, version: int = 1) -> None:
        buffer = io.BytesIO()
        pq.write_table(table_of(rows(start, stop, version=version), FACTS).select([*FIRST, *FACTS]), buffer)
        folder = home / "predictions" / "pets"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{_fingerprint(buffer.getvalue())}.parquet").write_bytes(buffer.getvalue())

    return write


@pytest.fixture
def today(monkeypatch):
    """Sets the clock by which files are written."""

    def be(day: int) -> None:
        monkeypatch.setattr("serving.log.store._now", lambda: START + timedelta(days=day))

    return be


def path_of(home: Path, file: File) -> Path:
    """Where a file of the log lies."""
    return home / "predictions" / "pets" / file.path


def test_read__gives_back_what_was_appended(rows) -> None:
    """Every column survives with its value and precision."""
    more = {"id": "i", "key": "k", "group": "g", "session": "s", "slot": "shadow", "latency_ms": 1.5}
    append("pets", rows(0, 1, **more), FACTS)
    row = read("pets").iloc[0]
    assert row["time"] == pd.Timestamp("2026-01-02 03:04:05.000678", tz="UTC")
    assert (row["version"], row["transform"], row["hash"], row["path"]) == (1, "t", "h", "0")
    assert (row["predicted"], row["brightness"], row["error"]) == ("cat", 7.5, None)
    assert row["probabilities"].dtype == np.float32
    assert row["embedding"].dtype == np.float16
    assert row["embedding"].tolist() == [0.5, 2.0]
    assert {name: row[name] for name in more} == more


def test_read__no_log_yet() -> None:
    """A domain that was never scored has an empty log with all columns."""
    log = read("pets")
    assert log.empty
    assert {"version", "embedding", "error", "id"} <= set(log.columns)
    assert list(read("pets", columns=("hash",))) == ["hash"]


def test_read__last_rows_across_files_in_order(rows, today) -> None:
    """The newest rows come oldest first, over the border of two files and of two days."""
    for start, day in ((0, 0), (3, 0), (6, 1)):
        today(day)
        append("pets", rows(start, start + 3, day=day), FACTS)
    assert read("pets")["path"].tolist() == list("012345678")
    assert read("pets", last=4)["path"].tolist() == list("5678")
    assert (len(read("pets", last=100)), len(read("pets", last=0))) == (9, 0)


def test_read__one_version(rows) -> None:
    """`last` counts rows of the wanted version only."""
    append("pets", [*rows(0, 3, version=1), *rows(3, 6, version=2)], FACTS)
    assert read("pets", version=1, last=2)["path"].tolist() == ["1", "2"]
    assert read("pets", version=3).empty


def test_read__a_span_of_time(rows) -> None:
    """From a time on, and until before another."""
    written = rows(0, 5)
    append("pets", written, FACTS)
    assert read("pets", since=written[1].time, until=written[3].time)["path"].tolist() == ["1", "2"]


def test_read__domains_are_apart(rows) -> None:
    """One domain's rows never show in another's log."""
    append("pets", rows(0, 1), FACTS)
    assert read("cars").empty


def test_read__columns(rows) -> None:
    """Of all columns only those that are asked for, in their order; one that no file has is empty."""
    append("pets", rows(0, 2), FACTS)
    found = read("pets", columns=("path", "brightness", "sharpness"))
    assert list(found) == ["path", "brightness", "sharpness"]
    assert (found["brightness"].tolist(), found["sharpness"].isna().all()) == ([7.5, 7.5], True)


def test_read__written_twice_counts_once(rows) -> None:
    """A row is an id and a version, whatever wrote it again; another version's answer to the same sample is its own."""
    written = rows(0, 3, version=1)
    for part in (written[:2], written):
        append("pets", part, FACTS)
    append("pets", [replace(written[2], version=2, slot="shadow")], FACTS)
    assert read("pets", version=1)["path"].tolist() == ["0", "1", "2"]
    assert (len(read("pets")), read("pets", version=1, last=3)["path"].tolist()) == (4, ["0", "1", "2"])


def test_read__opens_only_what_it_needs(rows, opened, today) -> None:
    """Of 300 files of two versions and three days: the days that may hold it, the newest, one version's."""
    for day in range(3):
        today(day)
        for start in range(0, 100, 2):
            append("pets", rows(start, start + 2, version=1, day=day), FACTS)
            append("pets", rows(start, start + 1, version=2, day=day), FACTS)
    for wanted, files in (
        ({"version": 2, "last": 10}, 10),
        ({"last": 3}, 2),
        ({"version": 1, "last": 4}, 2),
        ({"since": rows(98, 99, day=2)[0].time}, 2),
        ({"until": rows(4, 5)[0].time}, 4),
        ({"version": 1, "since": rows(0, 1, day=1)[0].time, "until": rows(0, 1, day=2)[0].time}, 50),
        ({"version": 7}, 0),
    ):
        opened.clear()
        read("pets", **wanted)
        assert (wanted, len(opened)) == (wanted, files)


def test_read__files_of_the_first_release(rows, old) -> None:
    """They are read beside newer ones; what they lack is empty, and each of their rows has a name that lasts."""
    old("20260102T030500.000000Z", 0, 2)
    old("20260102T030600.000000Z", 2, 4, version=2)
    append("pets", rows(4, 6), FACTS)
    found = read("pets")
    assert found["path"].tolist() == list("012345")
    assert found["slot"].tolist() == [None] * 4 + ["champion"] * 2
    assert (found["id"].nunique(), found["id"].tolist() == read("pets")["id"].tolist()) == (6, True)
    assert read("pets", version=1, last=3)["path"].tolist() == ["1", "4", "5"]


def test_append__clock_goes_backwards(rows, today, home) -> None:
    """The newest rows are those that were written last, in this process and in the next; nothing is overwritten."""
    for day in (5, 0, 1):
        today(day)
        append("pets", rows(day, day + 2, day=day), FACTS)
    assert read("pets")["path"].tolist() == ["5", "6", "0", "1", "1", "2"]
    assert read("pets", last=2)["path"].tolist() == ["1", "2"]
    assert read("pets", since=rows(5, 6, day=5)[0].time)["path"].tolist() == ["5", "6"]
    _NEWEST.clear()
    append("pets", rows(8, 9, day=0), FACTS)
    assert read("pets", last=1)["path"].tolist() == ["8"]
    assert [path.name for path in (home / "predictions" / "pets" / "version=1").iterdir()] == ["day=2026-01-07"]


def test_append__equal_batches_are_both_kept(rows) -> None:
    """Two equal appends are two files, whose names differ beyond the time."""
    first, second = append("pets", rows(0, 2), FACTS)[0], append("pets", rows(0, 2), FACTS)[0]
    assert first.name[-44:] != second.name[-44:]
    assert len(read("pets")) == 4


def test_append__leaves_nothing_but_its_file(rows, home: Path, today) -> None:
    """The folder holds the Parquet file alone, below version and day, named by its times."""
    today(3)
    file = append("pets", rows(0, 2), FACTS)[0]
    folder = home / "predictions" / "pets" / "version=1" / "day=2026-01-05"
    assert [path.name for path in folder.iterdir()] == [file.name]
    assert file.name.startswith("20260105T030405.000678Z-20260102T030405.000678Z-20260102T030406.000678Z-")


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b.replace(b"cat", b"dog"), lambda b: b""])
def test_read__altered_file_is_named(damage, rows, home) -> None:
    """A cut, edited or emptied file is one error that names it."""
    path = path_of(home, append("pets", rows(0, 3), FACTS)[0])
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    with pytest.raises(PredictionLogError, match=f"{path.name} is not what was written"):
        read("pets")


def test_read__rewritten_file_is_named(rows, home) -> None:
    """A file that is valid Parquet but was written anew by another program shows too."""
    path = path_of(home, append("pets", rows(0, 3), FACTS)[0])
    pd.read_parquet(path).assign(predicted="dog").to_parquet(path)
    with pytest.raises(PredictionLogError, match=path.name):
        read("pets")


def test_read__damaged_old_file(rows, home) -> None:
    """It does not stop a read of the newest rows."""
    path_of(home, append("pets", rows(0, 3), FACTS)[0]).write_bytes(b"")
    append("pets", rows(3, 6), FACTS)
    assert read("pets", last=3)["path"].tolist() == ["3", "4", "5"]


def test_read__half_a_file_is_none(rows, home) -> None:
    """What a killed writer left is no file of the log, and the next writer takes it away."""
    folder = path_of(home, append("pets", rows(0, 1), FACTS)[0]).parent
    name = f".x.parquet.{MACHINE}-999999999-abcdefgh.tmp"
    (folder / name).write_bytes(b"PAR1")
    assert len(read("pets")) == 1
    append("pets", rows(1, 2), FACTS)
    assert not (folder / name).exists()


def test_log__in_an_object_store(rows, monkeypatch) -> None:
    """The same log in a store that knows no rename: one put a file."""
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", "memory://bucket/logs")
    append("pets", rows(0, 4), FACTS)
    assert len(fsspec.filesystem("memory").find("/bucket/logs/pets/version=1")) == 1
    assert read("pets", last=2)["path"].tolist() == ["2", "3"]
    assert (erase("pets", {"h"}), len(read("pets"))) == (4, 0)
    assert fsspec.filesystem("memory").find("/bucket/logs") == []


def test_log__at_a_file_url(rows, monkeypatch, tmp_path) -> None:
    """A URL of this machine is a folder like any other."""
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", (tmp_path / "elsewhere").as_uri())
    append("pets", rows(0, 4), FACTS)
    assert len(list((tmp_path / "elsewhere" / "pets").rglob("*.parquet"))) == 1
    assert len(read("pets")) == 4


def test_read__a_table_that_is_none_of_ours(rows, home) -> None:
    """Parquet under a name that fits, but of other columns."""
    buffer = io.BytesIO()
    pq.write_table(table_of(rows(0, 1), FACTS).drop_columns("hash"), buffer)
    folder = home / "predictions" / "pets"
    folder.mkdir(parents=True)
    name = f"20260102T030405.000000Z-{_fingerprint(buffer.getvalue())}.parquet"
    (folder / name).write_bytes(buffer.getvalue())
    with pytest.raises(PredictionLogError, match=f"{name} holds other columns"):
        read("pets")


def test_store__drop(rows, monkeypatch) -> None:
    """All of a domain goes and nothing of another, and once more there is nothing to do."""
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", "memory://bucket/drop")
    append("pets", rows(0, 2), FACTS), append("cars", rows(0, 1), FACTS)
    store_of("pets").drop(), store_of("pets").drop()
    assert (len(read("pets")), len(read("cars"))) == (0, 1)
