"""What the tests of the audit share: a data set with a copy in another split, and its audit."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from data.stores.manifest import LABEL, write_table
from evaluation.audit.audit import audit
from evaluation.audit.findings import Samples


@contextmanager
def unwatched(check):
    """Tells nobody of the progress."""
    yield lambda done, total: None


@pytest.fixture
def dataset(make_dataset, tmp_path):
    """Sixty samples, of which the last is a copy of the first with another label, in another split."""
    made = make_dataset(tmp_path / "data", count=30)
    rows = made.manifest
    rows.loc[len(rows) - 1, ["position", "split", "group", f"{LABEL}label"]] = [0, "test", "other", "light"]
    write_table(tmp_path / "data" / "manifest.parquet", rows)
    return made


@pytest.fixture
def found(dataset):
    """The audit of the data set; its first sample's path is an attempt to break the page and the spreadsheet."""
    rows = dataset.manifest
    paths = [f"=1+<b>{place}</b>.png" for place in range(len(rows))]
    accepted = pd.DataFrame({"hash": rows["hash"], "path": paths, "source": "source"})
    random = np.random.default_rng(0)
    features = np.eye(2)[dataset.labels(rows)].repeat(16, axis=1) + 0.3 * random.normal(size=(len(rows), 32))
    features[-1] = features[0]
    return audit(
        Samples("photos", dataset, accepted), features.astype(np.float32), version="v", seed=0, watch=unwatched
    )


@pytest.fixture(name="unwatched")
def _unwatched():
    """A watch that tells nobody."""
    return unwatched
