"""A version is found with all that made it, and what comes out again is set beside it."""

import math

import pytest

from registry.errors import GateError
from registry.ledger.uses import Uses
from registry.store.client import mlflow_client
from registry.store.tracking import log_values, run_metrics
from tasks.domain import DomainFile, domain_from
from tasks.making.reproduce import Again, Reproduction, compare, find_origin
from tasks.making.train import open_training_run, register


def test_find_origin__what_was_recorded(plan, trained):
    """Run, data and the whole domain as it stood then."""
    made = register.fn(plan, trained)
    log_values(trained.run_id, {"test_accuracy": 0.25}, {}, {})
    found = find_origin.fn("photos", made.version)
    assert (found.domain, found.version, found.run_id) == ("photos", 1, trained.run_id)
    assert found.dataset_version == plan.prepared.version
    assert domain_from("photos", plan.domain.root, DomainFile.model_validate_json(found.snapshot)) == plan.domain


def test_compare__side_by_side(plan, trained):
    """What both were judged by is compared, logged and counted as a use; the fit made again has done its duty."""
    first = open_training_run.fn(plan, None)
    log_values(first, {"test_accuracy": 0.25, "latency_ms": 3.0}, {}, {})
    found = compare.fn(plan, Again(4, first, trained))
    again = run_metrics(trained.run_id)["test_accuracy"]
    assert found.metrics == {"test_accuracy": (0.25, again)}
    assert found.largest_difference == again - 0.25 > 0.5
    assert (found.version, found.dataset_version, found.samples["test"]) == (4, plan.prepared.version, 16)
    assert mlflow_client().get_run(trained.run_id).data.tags["reproduces"] == "4"
    assert not trained.fit.folder.exists()
    (use,) = Uses(plan.settings.ledger).of("photos", 0)
    assert (use.question, use.version, use.purpose) == ("reproduction", 4, "evaluate")


def test_find_origin__never_judged(plan, trained):
    """A version without metrics of its test is refused before anything is trained again."""
    register.fn(plan, trained)
    log_values(trained.run_id, {"latency_ms": 3.0}, {}, {})
    with pytest.raises(GateError, match="'photos' v1 was never judged"):
        find_origin.fn("photos", 1)


def test_largest_difference__either_way():
    """The metric that is farthest from what it was, better or worse."""
    found = Reproduction("photos", 1, "d", {}, {"auc": (0.5, 0.75), "f1": (1.0, 0.5), "ece": (0.0, 0.0)})
    assert found.largest_difference == 0.5


@pytest.mark.parametrize(("again", "difference"), [(math.nan, 0.0), (0.5, math.inf)])
def test_largest_difference__without_a_number(again, difference):
    """What cannot be computed both times is the same; what can be computed once only is not."""
    found = Reproduction("photos", 1, "d", {}, {"auc": (math.nan, again), "f1": (1.0, 1.0)})
    assert found.largest_difference == difference
