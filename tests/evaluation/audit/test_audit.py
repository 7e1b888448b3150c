"""The audit as a whole: sections, page and table."""

import numpy as np
import pandas as pd

from data.stores.manifest import write_table
from evaluation.audit.audit import LABELS, POISON, audit
from evaluation.audit.findings import Samples


def test_audit__leak_with_two_labels(found):
    """A copy in another split comes first, with its paths and what to do; its label is a candidate for noise, too."""
    leaks = found.sections[0]
    assert (leaks.title, leaks.total) == ("near-duplicates across splits", 1)
    finding = leaks.findings[0]
    assert {sample.path for sample in finding.samples} == {"=1+<b>0</b>.png", "=1+<b>59</b>.png"}
    assert "two labels" in finding.action
    noise = next(section for section in found.sections if section.title == LABELS)
    assert noise.findings[0].samples[0].place == 59
    assert noise.findings[0].suggested == "dark"
    assert found.left_out == {}


def test_audit__one_group(dataset, unwatched):
    """A check that the data do not allow is left out with its reason; the others are made."""
    rows = dataset.manifest
    write_table(dataset.folder / "manifest.parquet", rows.assign(group="one"))
    again = type(dataset)(dataset.folder, dataset.tasks)
    accepted = pd.DataFrame({"hash": rows["hash"], "path": "p", "source": "source"})
    features = np.random.default_rng(0).normal(size=(len(rows), 8)).astype(np.float32)
    found = audit(Samples("photos", again, accepted), features, version="v", seed=0, watch=unwatched)
    assert "of one group (one)" in found.left_out[LABELS]
    assert found.sections[-1].title == POISON
