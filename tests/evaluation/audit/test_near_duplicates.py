"""Near-duplicates: copies are found however they were saved, and leaks come first."""

import numpy as np
import pytest

from data.stores.manifest import LABEL, write_table
from data.stores.shards import append_rows
from evaluation.audit.near_duplicates import GROUPS, SPLITS, WITHIN, find_near_duplicates, similar_pairs


@pytest.fixture
def copied(make_dataset, tmp_path):
    """A data set and features, in which the last three samples are copies of the first: mirrored, brighter, dimmer."""
    dataset = make_dataset(tmp_path, count=20)
    rows = dataset.manifest
    first = dataset.samples(rows.iloc[:1])[0].astype(float)
    copies = [first[:, ::-1], np.clip(first * 1.05, 0, 255), first * 0.9]
    end = len(rows)
    list(append_rows(tmp_path, end, iter([copy.astype(np.uint8) for copy in copies]), dataset.spec))
    added = rows.iloc[[0, 0, 0]].assign(hash=["a", "b", "c"], position=[end, end + 1, end + 2])
    added["split"], added["group"] = ["test", "train", "train"], ["other", "other", rows["group"][0]]
    added[f"{LABEL}label"] = ["dark", "light", "dark"]
    write_table(tmp_path / "manifest.parquet", type(rows)([*rows.to_dict("records"), *added.to_dict("records")]))
    features = np.random.default_rng(0).normal(size=(end + 3, 32)).astype(np.float32)
    features[end:] = features[0] * [[1.0], [1.05], [0.95]]
    return type(dataset)(tmp_path, dataset.tasks), features


def test_find_near_duplicates__relations(copied):
    """Every pair of the four is found; pairs in two splits come first, pairs within a group last."""
    dataset, features = copied
    found = find_near_duplicates(dataset, features)
    assert [row.relation for row in found.pairs.itertuples()] == [SPLITS] * 3 + [GROUPS] * 2 + [WITHIN]
    assert set(found.pairs["first"]) | set(found.pairs["second"]) == {0, 40, 41, 42}
    assert found.pairs["labels_differ"].sum() == 3
    assert found.pairs["pixels"].min() > 0.95


def test_find_near_duplicates__alike_in_features_alone(copied):
    """Samples whose pixels differ are no duplicates, whatever the features say."""
    dataset, features = copied
    features[5:8] = features[4]
    found = find_near_duplicates(dataset, features)
    assert found.candidates == 6 + 6
    assert len(found.pairs) == 6


def test_similar_pairs__exact_over_blocks():
    """Blocks give what the whole matrix gives, and a limit keeps the best of it."""
    features = np.random.default_rng(0).normal(size=(1300, 4)).astype(np.float32)
    unit = features - features.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = np.triu(unit @ unit.T, 1)
    places, found, floor = similar_pairs(features, limit=10**6)
    assert floor == 0.8
    assert len(places) == pytest.approx((cosines >= 0.8).sum(), abs=2)
    few, best, raised = similar_pairs(features, limit=100)
    assert len(few) <= 100
    assert best.min() >= raised > 0.8
    assert np.sort(best) == pytest.approx(np.sort(cosines.ravel())[-len(best) :], abs=1e-6)
    assert found == pytest.approx(cosines[places[:, 0], places[:, 1]], abs=1e-6)
