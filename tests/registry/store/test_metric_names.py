"""Whatever a slice is called, MLflow takes its metric, and no other slice overwrites it."""

import pytest

from registry.store.metric_names import LONGEST, metric_name
from registry.store.tracking import log_curves, log_values, run_metrics, start_run

ODD = (
    "a//b", "a/b", "a/", "/a", "a/./b", "a/../../b", "..", ".", "Zürich & Graz", "Zürich + Graz", "Zürich", "Zörich",
    "x" * 250, "x" * 249 + "y", "日本", "a\n", "a", "5 %", "",
)  # fmt: skip


@pytest.mark.usefixtures("tracked")
def test_metric_name__mlflow_takes_it():
    """MLflow itself keeps each of them, with its own value."""
    names = [f"slice_auc/site: {value}" for value in ODD]
    run = start_run("photos", "test", {})
    log_values(run, {name: float(place) for place, name in enumerate(names)}, {}, {})
    kept = run_metrics(run)
    assert [kept[metric_name(name)] for name in names] == list(range(len(ODD)))
    log_curves(run, {name: {0: 1.0} for name in names})


@pytest.mark.parametrize("name", ["test_auc", "slice_auc/site: Zürich", "slice_auc/site: a/b", "x" * LONGEST])
def test_metric_name__as_it_is(name):
    """What MLflow takes is left alone, so that curves of earlier runs go on."""
    assert metric_name(name) == name


def test_metric_name__can_be_read():
    """What cannot stay is still readable, and the start of a long name is kept."""
    assert metric_name("slice_auc/site: Graz & Linz").startswith("slice_auc/site: Graz _ Linz ")
    assert metric_name("slice_auc/site: a//b/").startswith("slice_auc/site: a/b ")
    assert metric_name("slice_auc/" + "x" * 300).startswith("slice_auc/" + "x" * 200)
