"""A sweep over recipes and seeds through the command line, with the same network from scratch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.timeout(900)
def test_sweep__with_scratch(project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]) -> None:
    """Every fit is a nested run that tells what it forgot; a second sweep takes its fits; nothing is registered."""
    from registry.store.tracking import experiment_id, latest_run, mlflow_client

    regraft("new", "photos", "--images", str(image_folder(20)))
    regraft("prepare", "photos")
    found = regraft("sweep", "photos", "--recipes", "prototype", "--seeds", "2", "--scratch", "--json")
    rows = {row["recipe"]: row for row in found["recipes"]}
    assert {name: row["seeds"] for name, row in rows.items()} == {"prototype": 2, "scratch": 2}
    assert (rows["prototype"]["mean"], rows["prototype"]["agreement"]) == (1.0, 1.0)
    assert rows["prototype"]["cka"] == pytest.approx(1.0)
    assert rows["scratch"]["cka"] < 0.9
    nested = mlflow_client().search_runs([experiment_id("photos")], f"tags.mlflow.parentRunId = '{found['run_id']}'")
    assert len(nested) == 4
    assert all("source_cka" in run.data.metrics and "val_auc" in run.data.metrics for run in nested)
    results = {path: path.stat().st_mtime_ns for path in project.glob(".regraft/sweeps/photos/*/result.json")}
    assert len(results) == 4
    assert "scratch" in regraft("sweep", "photos", "--recipes", "prototype", "--seeds", "2", "--scratch")
    assert {path: path.stat().st_mtime_ns for path in results} == results
    assert latest_run("photos", "tags.recipe = 'full'") is not None
    assert regraft("status", "photos", "--json")["champion"] is None


def test_train__with_another_recipe(
    project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]
) -> None:
    """`--recipe` trains by that recipe's defaults, and says so in the run with what the backbone kept of its source."""
    from registry.store.tracking import experiment_id, mlflow_client

    regraft("new", "photos", "--images", str(image_folder(20)))
    regraft("prepare", "photos")
    assert "version" in regraft("train", "photos", "--recipe", "prototype")
    (run,) = mlflow_client().search_runs([experiment_id("photos")])
    assert (run.data.params["kind"], run.data.metrics["source_agreement"]) == ("prototype", 1.0)


def test_sweep__unknown_recipe(project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]) -> None:
    """A misspelt recipe is one line that names those there are."""
    regraft("new", "photos", "--images", str(image_folder(20)))
    said = regraft("sweep", "photos", "--recipes", "linear_prob", code=1)
    assert "recipe 'linear_prob' does not exist; choose one of linear_probe, lp_ft, full" in said
