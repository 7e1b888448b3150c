"""The audit as a whole: sections, page and table."""

import re
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from data.stores.manifest import LABEL, write_table
from evaluation.audit.audit import LABELS, POISON, audit
from evaluation.audit.findings import Samples, linked_groups
from evaluation.audit.page import SHOWN, shortened, write_findings, write_page


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


def test_audit__one_group(dataset):
    """A check that the data do not allow is left out with its reason; the others are made."""
    rows = dataset.manifest
    write_table(dataset.folder / "manifest.parquet", rows.assign(group="one"))
    again = type(dataset)(dataset.folder, dataset.tasks)
    accepted = pd.DataFrame({"hash": rows["hash"], "path": "p", "source": "source"})
    features = np.random.default_rng(0).normal(size=(len(rows), 8)).astype(np.float32)
    found = audit(Samples("photos", again, accepted), features, version="v", seed=0, watch=unwatched)
    assert "of one group (one)" in found.left_out[LABELS]
    assert found.sections[-1].title == POISON


def test_write_page__self_contained(found, dataset, tmp_path):
    """Pictures are inside, nothing is loaded from elsewhere, and what users name is escaped."""
    write_page(tmp_path / "audit.html", found, dataset)
    page = (tmp_path / "audit.html").read_text()
    assert "&lt;b&gt;59&lt;/b&gt;" in page
    assert "<b>59</b>" not in page
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert "audit.csv" in page


def test_write_findings__harmless_table(found, tmp_path):
    """One row a finding, with hashes, paths and both samples of a pair; no cell is a formula."""
    write_findings(tmp_path / "audit.csv", found)
    table = pd.read_csv(tmp_path / "audit.csv", dtype=str)
    assert len(table) == sum(section.total for section in found.sections)
    assert table["path"].str.startswith("'=").all()
    assert table["hash"].str.len().eq(64).all()
    assert table.loc[0, "other_path"] == "'=1+<b>59</b>.png"


def test_shortened__totals_stay(found):
    """A long list is cut for the page, and still says how long it is."""
    first = found.sections[0]
    long = type(first)(first.title, first.about, (), 99, first.findings * 99)
    few = shortened(type(found)("photos", "v", 60, (long,), {})).sections[0]
    assert (len(few.findings), few.total) == (SHOWN, 99)


def test_linked_groups__counts_pairs(found):
    """Groups that share more than one finding are named."""
    finding = found.sections[0].findings[0]
    assert linked_groups([finding] * 3) == "Groups that share most: group-0 and other (3)."
    assert linked_groups([finding]) == ""
