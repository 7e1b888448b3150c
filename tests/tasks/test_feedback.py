"""Labels of a table reach predictions and the next retrain."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from cryptography.fernet import Fernet

from data.config import load_data_config
from data.errors import SourceError
from data.stages.feedback import sources_of
from serving.feedback.labels import Label, file_labels, history
from serving.log.inputs import keep_inputs
from serving.log.predictions import append
from serving.log.schema import Prediction
from tasks.feedback import file_feedback, learn_from_log


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
    append("solar", [Prediction(datetime.now(UTC), 1, "t", "h", "request/1", id="1", key="other")], ())
    found = filed("id,key,hash,label\n1,k,,defective\n,k,,functional\n,,h,odd\n,x,,\n")
    assert told() == [("id", "1", "defective"), ("key", "k", "functional"), ("hash", "h", "odd")]
    assert (found.rows, found.labels, found.path, found.unknown) == (3, 3, None, {"odd": 1})
    assert found.matched == 2, "nobody was called k"
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
    assert (found.rows, found.labels, found.matched, found.unknown) == (3, 3, 0, {})


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


def test_learn_from_log__inputs_with_a_label(project, monkeypatch):
    """Kept inputs with their present labels are a table to learn from; a corrected label replaces the one before."""
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", Fernet.generate_key().decode())
    rows = [Prediction(datetime.now(UTC), 1, "t", one, f"request/{one}", id=one, group="g") for one in "abc"]
    append("solar", rows, ())
    keep_inputs("solar", {"a": b"first", "b": b"second"})
    for label in ("functional", "defective"):
        file_labels("solar", [Label("id", one, label) for one in ("a", "c")])
        found = learn_from_log("solar")
        (row,) = pd.read_csv(found.path).to_dict("records")
        assert (Path(row["path"]).read_bytes(), row["label"], row["group"]) == (b"first", label, "g")
    samples = dict(sources_of(load_data_config(project, "solar"), "solar"))["feedback"].samples(project, "defect")
    assert [sample.labels for sample in samples] == [{"defect": "defective"}]
