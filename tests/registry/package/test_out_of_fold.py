"""Out-of-fold answers: by the reference where the package learned, by the package itself where it did not."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.inference.config import EvaluationConfig
from registry.package.out_of_fold import predict_out_of_fold, why_not
from registry.package.package import load_package


@pytest.fixture
def package(workshop):
    """The workshop's package, as if its head had been cross-fitted."""
    return replace(load_package(workshop.package), cross_fitted=True)


def test_predict_out_of_fold__all_samples(package, workshop):
    """What it learned from is answered by the reference, all others by the package; labels are the manifest's."""
    dataset = workshop.dataset
    found = predict_out_of_fold(package, dataset, EvaluationConfig())
    assert found.hashes == list(dataset.manifest["hash"])
    assert np.array_equal(found.truth, dataset.labels(dataset.manifest))
    rows = dataset.rows("test")
    own = np.isin(found.hashes, list(rows["hash"]))
    assert np.allclose(found.probabilities[own], package.decisive(dataset.samples(rows)))
    had = package.reference.set_index("hash").loc[np.array(found.hashes)[~own]]
    assert np.allclose(found.probabilities[~own], np.stack(list(had["probabilities"])))


def test_predict_out_of_fold__groups_that_it_knows(package, workshop):
    """A sample of a group that a package learned from, which it did not see itself, has no answer out of fold."""
    row = package.reference.iloc[0]
    mates = package.reference["group"] == row["group"]
    package.__dict__["reference"] = package.reference[(package.reference["hash"] != row["hash"])]
    found = predict_out_of_fold(package, workshop.dataset, EvaluationConfig())
    assert (row["hash"] in found.hashes) == (mates.sum() == 1)


def test_why_not__without_cross_fitting(package, workshop):
    """A head that was never cross-fitted, and groups that have changed, are named."""
    assert why_not(package, workshop.dataset) is None
    assert "not refitted" in str(why_not(replace(package, cross_fitted=False), workshop.dataset))
    package.__dict__["reference"] = package.reference.assign(group="another")
    assert "other groups today" in str(why_not(package, workshop.dataset))
