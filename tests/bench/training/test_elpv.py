"""The ELPV benchmark: its splits, its scores and its table."""

import numpy as np
import pytest

from bench.training.elpv import RECIPES, elpv_dataset, scores, section


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Both protocols of one seed, at a size that is decoded quickly."""
    root = tmp_path_factory.mktemp("elpv")
    return {protocol: elpv_dataset(root, protocol, 3, 16) for protocol in ("random", "groups")}


def test_elpv_dataset__random_is_the_published_protocol(cells):
    """1,968 against 656 cells, with the strata of probability and type in proportion."""
    rows = cells["random"].manifest
    test = rows["split"] == "test"
    assert (test.sum(), (~test).sum()) == (656, 1968)
    shares = rows.assign(test=test).groupby(["probability", "type"])["test"].mean()
    assert np.allclose(shares, 0.25, atol=0.01)


def test_elpv_dataset__groups_do_not_leak(cells):
    """No pseudo-module lies on both sides; in the random protocol all do."""
    groups = cells["groups"].manifest.groupby("group")["split"].nunique()
    assert (groups == 1).all()
    assert (cells["random"].manifest.groupby("group")["split"].nunique() > 1).all()


def test_elpv_dataset__pixels_of_the_same_cell(cells):
    """Both protocols read the same shard: a cell has the same pixels in each."""
    first = {name: dataset.samples(dataset.manifest.iloc[[1000]]) for name, dataset in cells.items()}
    assert np.array_equal(first["random"], first["groups"])
    assert first["random"].std() > 0


def test_scores__weights_follow_certainty():
    """Of cells with probability 0, 1/3, 2/3, 1 a wrong one at 1/3 costs a sixth of 1 + 1/3 + 2/3 + 1 = 3 … a ninth."""
    found = scores(np.array([0, 1 / 3, 2 / 3, 1]), np.array([0.1, 0.2, 0.9, 0.8]))
    assert found["weighted_accuracy"] == pytest.approx(1 - (1 / 3) / 3)
    assert (found["accuracy"], found["auc"]) == (1.0, 1.0)


def test_section__mean_and_interval():
    """The table holds mean and half interval over the seeds, and says what was not run."""
    values = {"weighted_accuracy": 0.8, "weighted_auc": 0.9, "accuracy": 0.8, "f1": 0.7, "auc": 0.9, "seconds": 60.0}
    other = {**values, "weighted_accuracy": 0.9}
    results = {f"random/partial/seed{seed}": {"values": one} for seed, one in enumerate((values, other))}
    lines = section(results).splitlines()
    assert "| partial | 2 | 0.8500 ± 0.6353 | 0.9000 ± 0.0000 |" in next(
        line for line in lines if "partial | 2" in line
    )
    assert sum("not run" in line for line in lines) == 2 * len(RECIPES) - 1
