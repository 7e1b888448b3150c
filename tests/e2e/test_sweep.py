"""Recipes compared and chosen through the command line, beside the same network from scratch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SWEEP = ("sweep", "photos", "--recipes", "prototype", "--seeds", "2", "--scratch")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_sweep__compares_and_train_takes_a_recipe(
    project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]
) -> None:
    """Sweep, sweep again, a misspelt recipe, and a training by the recipe that was chosen."""
    regraft("new", "photos", "--images", str(image_folder(20)), "--size", "64", "--intended-use", "Tests.")
    regraft("prepare", "photos")
    _compared(regraft(*SWEEP, "--json"))
    results = {path: path.stat().st_mtime_ns for path in project.glob(".regraft/sweeps/photos/*/result.json")}
    assert len(results) == 4
    assert "scratch" in regraft(*SWEEP)
    assert {path: path.stat().st_mtime_ns for path in results} == results, "a second sweep takes the fits of the first"
    assert regraft("status", "photos", "--json")["champion"] is None, "nothing is registered"
    said = regraft("sweep", "photos", "--recipes", "linear_prob", code=1)
    assert "recipe 'linear_prob' does not exist; choose one of linear_probe, lp_ft, full" in said
    assert "version" in regraft("train", "photos", "--recipe", "prototype")
    _trained()


def _compared(found: dict[str, Any]) -> None:
    """Every fit is a nested run that tells what it forgot."""
    from registry.store.client import mlflow_client
    from registry.store.tracking import experiment_id, latest_run

    rows = {row["recipe"]: row for row in found["recipes"]}
    assert {name: row["seeds"] for name, row in rows.items()} == {"prototype": 2, "scratch": 2}
    assert (rows["prototype"]["mean"], rows["prototype"]["agreement"]) == (1.0, 1.0)
    assert rows["prototype"]["cka"] == pytest.approx(1.0)
    assert rows["scratch"]["cka"] < 0.9
    nested = mlflow_client().search_runs([experiment_id("photos")], f"tags.mlflow.parentRunId = '{found['run_id']}'")
    assert len(nested) == 4
    assert all("source_cka" in run.data.metrics and "val_auc" in run.data.metrics for run in nested)
    assert latest_run("photos", "tags.recipe = 'full'") is not None


def _trained() -> None:
    """The run says what the backbone kept of its source."""
    from registry.store.tracking import latest_run

    found = latest_run("photos", "params.kind = 'prototype' and tags.model_version = '1'")
    assert found is not None
    assert found["source_agreement"] == "1"
