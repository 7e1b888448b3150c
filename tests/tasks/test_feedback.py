"""Labels of a table reach predictions and the next retrain."""

import hashlib

import pandas as pd
import pytest

from data.errors import SourceError
from serving.feedback.labels import history
from tasks.feedback import file_feedback


@pytest.fixture
def filed(project):
    """Files the text of a table for `solar`, beside a file a.png."""
    (project / "a.png").write_bytes(b"a")

    def file(text: str):
        (project / "new.csv").write_text(text)
        return file_feedback("solar", project / "new.csv")

    return file


def told() -> list[tuple[str, str, str]]:
    """All labels that came."""
    return list(history("solar")[["kind", "reference", "label"]].itertuples(index=False, name=None))


def test_file_feedback__of_predictions(filed, project):
    """By id, key or hash, a row by the first that it has; nothing to learn from."""
    found = filed("id,key,hash,label\n1,k,,defective\n,k,,functional\n,,h,odd\n,x,,\n")
    assert told() == [("id", "1", "defective"), ("key", "k", "functional"), ("hash", "h", "odd")]
    assert (found.rows, found.labels, found.path, found.unknown) == (3, 3, None, {"odd": 1})
    assert not (project / "data" / "feedback").exists()


def test_file_feedback__of_files(filed, project):
    """A file that is there by its content, another by its path; both are learned from."""
    found = filed("path,label,group\na.png,defective,g\ngone.png,functional,g\ns3://b/c.png,defective,g\n")
    assert told() == [
        ("hash", hashlib.sha256(b"a").hexdigest(), "defective"),
        ("path", f"{project}/gone.png", "functional"),
        ("path", "s3://b/c.png", "defective"),
    ]
    assert pd.read_csv(found.path)["group"].tolist() == ["g"] * 3
    assert (found.rows, found.labels, found.unknown) == (3, 3, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label\ncat\n", "feedback needs a column label and one of id, key, hash, path"),
        ("id\n1\n", "feedback needs a column label"),
        ("id,key,label\n1,,defective\n,,defective\n", "row 2 has no id nor key"),
    ],
)
def test_file_feedback__wrong_table(filed, text, message):
    """Refused in one line, and nothing is filed."""
    with pytest.raises(SourceError, match=message):
        filed(text)
    assert told() == []
