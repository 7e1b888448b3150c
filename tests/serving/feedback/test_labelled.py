"""Labels meet their predictions, whichever comes first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from serving.feedback import labelled as module
from serving.feedback.labelled import labelled, labelled_parts
from serving.feedback.labels import Label, erase_labels, file_labels, history
from serving.log.predictions import append
from serving.log.schema import Prediction

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def logged() -> list[Prediction]:
    """Four predictions of version 1 in the log, the first of which a shadow answered, too."""
    rows = [
        Prediction(START + timedelta(seconds=n), 1, "t", f"hash{n}", f"/{n}.png", "cat", id=f"id{n}", key=f"key{n}")
        for n in range(4)
    ]
    append("pets", [*rows, replace(rows[0], version=2, slot="shadow", predicted="dog")], ())
    return rows


def later(label: Label, minutes: int) -> Label:
    """The same at another time."""
    return replace(label, time=START + timedelta(minutes=minutes))


def test_labelled__by_any_name(logged):
    """By id, the caller's key, content and path; rows without label are there, too, and both slots."""
    told = [Label("id", "id0", "cat"), Label("key", "key1", "dog"), Label("hash", "hash2", "cow")]
    file_labels("pets", [*told, Label("path", "/3.png", "hen")])
    found = labelled("pets", columns=("version", "slot"))
    assert list(found) == ["version", "slot", "label", "labelled"]
    assert found["label"].tolist() == ["cat", "dog", "cow", "hen", "cat"]
    assert found["slot"].tolist() == ["champion"] * 4 + ["shadow"]
    assert found["labelled"].notna().all()


def test_labelled__none_yet(logged):
    """Without a label a row has none; a label of what is not in the log yet waits."""
    file_labels("pets", [Label("id", "id9", "cat")])
    assert labelled("pets", version=1, last=2)["label"].tolist() == [None, None]
    append("pets", [replace(logged[0], id="id9", time=START + timedelta(hours=1))], ())
    assert labelled("pets", version=1, last=2)["label"].tolist() == [None, "cat"]
    assert labelled("cars").empty


def test_labelled__corrected(logged):
    """The label that came last counts, whatever name it came by; when the first came stays."""
    first, second = later(Label("id", "id1", "cat"), 1), later(Label("key", "key1", "dog"), 2)
    for label in (first, second):
        file_labels("pets", [label])
    row = labelled("pets", version=1).iloc[1]
    assert (row["label"], row["labelled"]) == ("dog", first.time)
    file_labels("pets", [later(Label("id", "id1", "cow"), 3)])
    assert labelled("pets", version=1)["label"][1] == "cow"


def test_history__repeated_and_corrected(logged):
    """All that was said, but for the same said again; a label that returns after another is said anew."""
    label = Label("id", "id1", "cat")
    words = ["cat", "cat", "dog", "cat"]
    file_labels("pets", [replace(later(label, n), label=word, entry=str(n)) for n, word in enumerate(words)])
    file_labels("pets", [replace(later(label, 0), entry="3", label="cat")])
    assert history("pets")["label"].tolist() == ["cat", "dog", "cat"]
    assert history("pets", {"id2"}).empty


def test_erase_labels__leaves_the_others(logged):
    """What names an erased sample goes, in whichever file."""
    for number in range(3):
        file_labels("pets", [Label("id", "id0", str(number)), Label("id", "id1", str(number))])
    assert erase_labels("pets", {"id0"}) == 3
    assert history("pets")["reference"].tolist() == ["id1"] * 3
    assert erase_labels("pets", {"id0"}) == 0


def spread(days: float, count: int = 12) -> list[str]:
    """Predictions of version 1, one each so many days, the last of them long ago; each has a label a day later."""
    rows = [
        Prediction(START + timedelta(days=days * n), 1, "t", f"hash{n}", f"/{n}.png", "cat", id=f"id{n}")
        for n in range(count)
    ]
    append("pets", rows, ())
    file_labels("pets", [replace(Label("id", row.id, "dog"), time=row.time + timedelta(days=1)) for row in rows])
    return [row.id for row in rows]


def parts(since: datetime, at: datetime | None = None) -> list[list[str]]:
    """Ids of what comes, a list a part."""
    return [[*one["id"]] for one in labelled_parts("pets", version=1, since=since, columns=("id",), at=at)]


@pytest.mark.usefixtures("project")
def test_labelled_parts__whole_days(monkeypatch):
    """All of it, oldest first, handed on as soon as there is enough, the rest at the end."""
    ids = spread(0.5)
    assert parts(START) == [ids]
    monkeypatch.setattr(module, "PART", 4)
    assert parts(START) == [ids[:4], ids[4:8], ids[8:], []]
    assert parts(START + timedelta(days=1.2)) == [ids[3:7], ids[7:11], ids[11:]]


@pytest.mark.usefixtures("project")
def test_labelled_parts__as_it_was():
    """Neither predictions nor labels that came later."""
    spread(0.5)
    at = START + timedelta(days=2.2)
    (found,) = labelled_parts("pets", version=1, since=START, columns=("id",), at=at)
    assert [*found["id"]] == ["id0", "id1", "id2", "id3", "id4"]
    assert [*found["label"]] == ["dog", "dog", "dog", None, None]


@pytest.mark.usefixtures("project")
def test_labelled_parts__clock_set_back():
    """What a clock that was ahead has written is read still."""
    ahead = datetime.now(UTC) + timedelta(days=3)
    append("pets", [Prediction(ahead, 1, "t", "h", "/a.png", "cat", id="id")], ())
    assert parts(datetime.now(UTC) - timedelta(days=2)) == [["id"]]
    assert parts(datetime.now(UTC) + timedelta(days=1)) == [[]]
