"""Reproduce for real: data from DVC's cache, a fit in its own process, and the configuration as it was recorded."""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml

from flows.reproduce import reproduce
from lightning_modules.fitting.launch import FitResult
from registry.store.client import mlflow_client
from registry.store.models import describe_versions
from registry.store.tracking import experiment_id, log_values
from tasks.making.train import Trained, open_training_run, register
from tasks.plan import Prepared


@pytest.fixture
def archived(own_workshop) -> str:
    """Puts the workshop's data into DVC's cache, where the present version of the domain is another one."""
    root = own_workshop.root
    shutil.copytree(own_workshop.dataset.folder, root / "archived")
    subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", "archived"], cwd=root, check=True)
    (found,) = yaml.safe_load((root / "archived.dvc").read_text())["outs"]
    present = {"cmd": "", "outs": [{"path": "data/processed/photos", "hash": "md5", "md5": "0" * 32 + ".dir"}]}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"preprocess@photos": present}}))
    return found["md5"]


@pytest.mark.usefixtures("prefect_api")
def test_reproduce__as_it_was_recorded(plan, own_workshop, archived, monkeypatch):
    """Whatever the domain's file says by now, the recorded recipe and seed are trained again; nothing is registered."""
    monkeypatch.setenv("REGRAFT_THREADS", "1")
    domains = own_workshop.root / "domains"
    (domains / "photos.yaml").write_text((domains / "digits.yaml").read_text())
    then = replace(plan, prepared=Prepared(plan.prepared.folder, archived))
    run_id = open_training_run.fn(then, None)
    register.fn(then, Trained(run_id, FitResult(own_workshop.fit, 7, 0.1, 0, 12.5, ())))
    log_values(run_id, {"test_accuracy": 1.0}, {}, {})
    found = reproduce("photos", 1)
    assert (found.dataset_version, found.samples) == (archived, {"train": 32, "val": 32, "test": 16})
    assert found.metrics == {"test_accuracy": (1.0, 1.0)}
    client = mlflow_client()
    (again,) = client.search_runs([experiment_id("photos")], "tags.reproduces = '1'")
    assert (again.info.status, again.data.params["seed"]) == ("FINISHED", "3")
    assert list(describe_versions("photos")) == [1]
    assert not then.fit_folder.exists()
