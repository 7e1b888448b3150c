"""The log keeps order and shows any change to its files."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.errors import PredictionLogError
from serving.log.predictions import Prediction, append, erase, opened_log, read

FACTS = ("brightness",)


def rows(start: int, stop: int, *, version: int = 1) -> list[Prediction]:
    """Predictions with their number as path."""
    now = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    half, single = np.array([0.5, 2.0], dtype=np.float16), np.array([0.25, 0.75], dtype=np.float32)
    return [
        Prediction(now, version, "t", "h", str(n), "cat", single, half, None, {"brightness": 7.5})
        for n in range(start, stop)
    ]


def test_read__gives_back_what_was_appended() -> None:
    """Every column survives with its value and precision."""
    append("pets", rows(0, 1), FACTS)
    row = read("pets").iloc[0]
    assert row["time"] == pd.Timestamp("2026-01-02 03:04:05.000678", tz="UTC")
    assert (row["version"], row["transform"], row["hash"], row["path"]) == (1, "t", "h", "0")
    assert (row["predicted"], row["brightness"], row["error"]) == ("cat", 7.5, None)
    assert row["probabilities"].dtype == np.float32
    assert row["embedding"].dtype == np.float16
    assert row["embedding"].tolist() == [0.5, 2.0]


def test_read__no_log_yet() -> None:
    """A domain that was never scored has an empty log with all columns."""
    log = read("pets")
    assert log.empty
    assert {"version", "embedding", "error"} <= set(log.columns)


def test_read__last_rows_across_files_in_order() -> None:
    """The newest rows come oldest first, over the border of two files."""
    for start in (0, 3, 6):
        append("pets", rows(start, start + 3), FACTS)
    assert read("pets")["path"].tolist() == list("012345678")
    assert read("pets", last=4)["path"].tolist() == list("5678")
    assert len(read("pets", last=100)) == 9


def test_read__one_version() -> None:
    """`last` counts rows of the wanted version only."""
    append("pets", rows(0, 3, version=1), FACTS)
    append("pets", rows(3, 6, version=2), FACTS)
    assert read("pets", version=1, last=2)["path"].tolist() == ["1", "2"]


def test_read__domains_are_apart() -> None:
    """One domain's rows never show in another's log."""
    append("pets", rows(0, 1), FACTS)
    assert read("cars").empty


def test_append__equal_batches_are_both_kept() -> None:
    """Two equal appends are two files, whose names differ beyond the time."""
    first, second = append("pets", rows(0, 2), FACTS), append("pets", rows(0, 2), FACTS)
    assert first.stem[-36:] != second.stem[-36:]
    assert len(read("pets")) == 4


def test_append__after_the_clock_was_set_back(home: Path) -> None:
    """The newest rows are those written last, whatever the clock says; a stray file of another name is no hindrance."""
    path = append("pets", rows(0, 2), FACTS)
    path.rename(path.with_name(path.name.replace(f"{datetime.now(UTC):%Y}", "2999", 1)))
    for start in (2, 4):
        append("pets", rows(start, start + 2), FACTS)
    assert read("pets")["path"].tolist() == list("012345")
    (home / "predictions" / "pets" / "mine.parquet").touch()
    assert append("pets", rows(6, 8), FACTS).name.startswith("2999")


def test_opened_log__cut_off_and_done_again(home: Path) -> None:
    """What a run predicts is there when it ends, all at once; of one that fails nothing is, so that it counts once."""
    append("pets", rows(0, 1), FACTS)
    for fails in (True, False):
        with suppress(KeyboardInterrupt), opened_log("pets", FACTS) as log:
            for start in (1, 3):
                log(rows(start, start + 2))
            assert read("pets")["path"].tolist() == ["0"]
            if fails:
                raise KeyboardInterrupt
    append("pets", rows(5, 6), FACTS)
    assert read("pets")["path"].tolist() == list("012345")
    assert read("pets", last=3)["path"].tolist() == list("345")
    assert not [path for path in (home / "predictions" / "pets").iterdir() if path.name.startswith(".")]
    assert erase("pets", {"h"}) == 6


def test_append__leaves_nothing_but_its_file(home: Path) -> None:
    """The folder holds the Parquet file alone, under its UTC time."""
    path = append("pets", rows(0, 1), FACTS)
    assert list((home / "predictions" / "pets").iterdir()) == [path]
    assert path.name.startswith(f"{datetime.now(UTC):%Y}")


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b.replace(b"cat", b"dog"), lambda b: b""])
def test_read__altered_file_is_named(damage: Callable[[bytes], bytes]) -> None:
    """A cut, edited or emptied file is one error that names it."""
    path = append("pets", rows(0, 3), FACTS)
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    with pytest.raises(PredictionLogError, match=f"{path.name} is not what was written"):
        read("pets")


def test_read__rewritten_file_is_named() -> None:
    """A file that is valid Parquet but was written anew by another program shows too."""
    path = append("pets", rows(0, 3), FACTS)
    pd.read_parquet(path).assign(predicted="dog").to_parquet(path)
    with pytest.raises(PredictionLogError, match=path.name):
        read("pets")


def test_read__opens_only_the_files_it_needs() -> None:
    """A damaged old file does not stop a read of the newest rows."""
    append("pets", rows(0, 3), FACTS).write_bytes(b"")
    append("pets", rows(3, 6), FACTS)
    assert read("pets", last=3)["path"].tolist() == ["3", "4", "5"]


def test_erase__leaves_the_others_in_their_order(project: Path) -> None:
    """Rows of a sample go from every file, each file still is what was written, and again there is nothing to do."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for hashes in (("a", "b"), ("b",), ("c", "b", "d")):
        append("photos", [Prediction(now, 1, "t", digest, f"{digest}.png", error="e") for digest in hashes], ["x"])
    assert erase("photos", {"b"}) == 3
    assert list(read("photos")["hash"]) == ["a", "c", "d"]
    assert erase("photos", {"b"}) == 0
