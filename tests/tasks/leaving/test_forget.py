"""What is kept of a sample beside the data is erased, and what cannot be is said."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from cryptography.fernet import Fernet

from data.errors import SourceError
from data.stages.forget import Samples
from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.storage import write_predictions
from registry.package.golden import golden_hashes
from registry.package.judging import predict_test
from registry.package.package import load_package
from serving.feedback.labels import Label, file_labels, history
from serving.log.inputs import keep_inputs, kept_inputs
from serving.log.predictions import append, read
from serving.log.schema import Prediction
from tasks.leaving.forget import erase_records, find_samples


@pytest.fixture
def sample(plan, own_workshop, registered, monkeypatch):
    """A training sample of the workshop that was scored, too, in a project whose DVC stores hold nothing."""
    registered()
    digest = own_workshop.dataset.rows("train")["hash"].iloc[0]
    rows = [Prediction(datetime.now(UTC), 1, "t", one, "x.png", error="e") for one in (digest, "other")]
    append("photos", rows, ())
    return Samples(frozenset({digest}), ())


def test_erase_records__log_and_what_remains(plan, sample):
    """Its rows leave the log, others stay; the versions that learned from it are named with the remedy."""
    found = erase_records.fn(plan.domain, sample)
    assert (found.samples, found.predictions, found.dataset_versions) == (1, 1, ())
    assert list(read("photos")["hash"]) == ["other"]
    assert found.remains[0].startswith("versions that learned from them, weights and all: v1; retrain")
    assert erase_records.fn(plan.domain, sample).predictions == 0


def test_find_samples__seen_in_production_alone(plan, own_workshop, project, monkeypatch):
    """By content, or by what a caller said of it; predictions and labels of it go."""
    photos = [Prediction(datetime.now(UTC), 1, "t", one, "x", error="e", id=one, group=f"of {one}") for one in "abc"]
    append("photos", photos, ())
    file_labels("photos", [Label("id", one, "dark") for one in "abc"])
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", Fernet.generate_key().decode())
    keep_inputs("photos", dict.fromkeys("abc", b"content"))
    found = find_samples.fn(plan.domain, ["a"], ["of b"])
    assert found == Samples(frozenset("ab"), (), frozenset({"of b"}))
    assert erase_records.fn(plan.domain, found).predictions == 2
    assert (list(read("photos")["hash"]), list(history("photos")["reference"])) == (["c"], ["c"])
    assert dict(kept_inputs("photos", set("abc"))) == {"c": b"content"}
    with pytest.raises(SourceError, match="no sample of the path or group 'of b'"):
        find_samples.fn(plan.domain, [], ["of b"])


def test_erase_records__of_a_golden_sample(plan, own_workshop, registered):
    """A sample that lies in a package itself is told apart from one that was learned; copies on this machine go."""
    registered()
    digest = golden_hashes(load_package(own_workshop.package))[0]
    found = erase_records.fn(plan.domain, Samples(frozenset({digest}), ()))
    assert (
        "the samples themselves, in the packages of v1 (golden.zip) and wherever these were handed over"
        in found.remains[1]
    )
    assert not (plan.domain.home / "packages" / "photos").exists()


def test_erase_records__pages_and_evaluations(plan, own_workshop, project):
    """Pages go, which are made anew anyhow, and predictions of a test set that holds the sample."""
    folder = project / ".regraft" / "evaluations" / "photos"
    found = predict_test(load_package(own_workshop.package), own_workshop.dataset, EvaluationConfig())
    write_predictions(folder / "v1-a.parquet", found)
    write_predictions(folder / "v1-b.parquet", found.take(pd.Series(found.hashes).ne(found.hashes[0]).to_numpy()))
    (project / ".regraft" / "reports" / "photos").mkdir(parents=True)
    told = erase_records.fn(plan.domain, Samples(frozenset({found.hashes[0]}), ()))
    assert told.remains == ("pictures in MLflow's runs of v1",)
    assert [path.name for path in folder.iterdir()] == ["v1-b.parquet"]
    assert not (project / ".regraft" / "reports" / "photos").exists()
