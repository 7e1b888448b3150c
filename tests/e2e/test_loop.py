"""A user's own folder of images through the whole loop, by the commands that the README names."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from registry.store.client import mlflow_client
from registry.store.tracking import experiment_id

REGRAFT = Path(sys.executable).with_name("regraft")


def new_photos(folder: Path, label: str, level: int, count: int) -> Path:
    """More images, as production brings them, with a table of their labels."""
    folder.mkdir()
    random = np.random.default_rng(level)
    for number in range(count):
        pixels = np.clip(random.normal(level, 25, (64, 64)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{label}{number}.png")
    rows = [f"{label}{number}.png,{label}" for number in range(count)]
    table = folder / "labels.csv"
    table.write_text("\n".join(["path,label", *rows]))
    return table


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_loop__from_a_folder_of_images(
    project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any]
) -> None:
    """New, retrain, nothing new, score, monitor, feedback, retrain, status, ledger, reproduce."""
    regraft("new", "photos", "--images", str(image_folder(60)), "--size", "64", "--intended-use", "Tests.")
    hard_to_beat(project / "domains" / "photos.yaml")
    first = regraft("retrain", "photos", "--json")
    assert (first["outcome"], first["champion"]) == ("PROMOTE", 1)
    assert refitted("photos") == [120 - 24], "all but the test split"
    again = regraft("retrain", "photos", "--json")
    assert (again["outcome"], again["version"]) == ("UNCHANGED", 1)

    table = new_photos(project / "later", "light", 170, 60)
    (project / "later" / "broken.png").write_bytes(b"no image")
    scored = regraft("score", "photos", *map(str, sorted((project / "later").glob("*.png"))), "--json")
    assert scored["samples"] == 61
    assert [Path(one["path"]).name for one in scored["failures"]] == ["broken.png"]
    watched = regraft("monitor", "photos", "--json", code=8)
    assert watched["outcome"] == "retrain", "only light images came, half of the reference is dark"

    regraft("feedback", "photos", str(table))
    regraft("feedback", "photos", str(new_photos(project / "darker", "dark", 70, 30)))
    before = embedded(project)
    second = regraft("retrain", "photos", "--json", code=3)
    assert (second["outcome"], second["champion"]) == ("HOLD", 1), (
        "by half of the scale a perfect champion cannot be beaten"
    )
    assert (before, embedded(project)) == (120, 210)
    what_stands(regraft)
    fresh_test_set(regraft)


def refitted(name: str) -> list[float]:
    """How many samples the heads of a domain's runs learned from in the end."""
    runs = mlflow_client().search_runs([experiment_id(name)], "metrics.refitted_samples > 0")
    return [run.data.metrics["refitted_samples"] for run in runs]


def hard_to_beat(path: Path) -> None:
    """A rule by which no second version is promoted: no loss is borne, and half of the scale is asked for."""
    domain = yaml.safe_load(path.read_text())
    domain["gate"] |= {"superiority": 0.5, "non_inferiority": 0.0}
    domain["monitoring"] = {"policy": {"retrain_on": "drift", "backoff_hours": 0}}
    path.write_text(yaml.safe_dump(domain))


def embedded(project: Path) -> int:
    """Samples in the feature cache."""
    files = (project / ".regraft" / "cache" / "features").glob("*/chunk-*/hashes.npy")
    return sum(len(np.load(file)) for file in files)


def what_stands(regraft: Callable[..., Any]) -> None:
    """Status and ledger tell of both versions, the first is made again exactly, and DVC finds nothing changed."""
    status = regraft("status", "photos", "--json")
    assert (status["champion"], status["versions"]["1"]) == (1, "PROMOTE")
    assert status["versions"]["2"] in ("HOLD", "PROVISIONAL")
    assert [entry["action"] for entry in regraft("ledger", "photos", "--json")] == ["promote"]
    reproduced = regraft("reproduce", "photos", "1", "--json")
    assert reproduced["largest_difference"] == 0
    assert reproduced["dataset_version"] != status["dataset_version"]
    assert sum(reproduced["samples"].values()) == 120
    listed = subprocess.run(
        [str(REGRAFT.with_name("dvc")), "status", "--json"], capture_output=True, text=True, check=True
    )
    assert [stage for stage in json.loads(listed.stdout) if "photos" in stage] == []


def fresh_test_set(regraft: Callable[..., Any]) -> None:
    """A fresh test set holds newer data only, and the next version is compared on it."""
    drawn = regraft("split", "refresh", "photos")
    assert "fresh test samples" in drawn
    assert "test set number    │ 1" in drawn
    assert "left for training  │ 0" in regraft("split", "refresh", "photos"), "nothing was compared on it yet"
    third = regraft("retrain", "photos", "--json", code=3)
    assert (third["outcome"], third["version"]) == ("HOLD", 3)
    decision = regraft("evaluate", "photos", "3", "--json", code=3)
    assert (decision["turn"]["generation"], decision["turn"]["look"]) == (1, 1), "the same comparison is the same look"


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_loop__on_postgresql_and_s3(
    project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any], outgrown: Any
) -> None:
    """The same loop with all state elsewhere: on this machine lies nothing of it, nor a password, and S3 encrypts."""
    (project / ".dvc" / "config.local").write_text(
        "[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://regraft/dvc\n"
    )
    test_loop__from_a_folder_of_images(project, image_folder, regraft)
    stored = {one.key: one.Object() for one in outgrown.bucket().objects.all()}
    kinds = {key.split("/")[0] for key in stored if "/" in key}
    assert kinds == {"mlflow", "predictions", "dvc"}
    assert {found.server_side_encryption for key, found in stored.items() if "/" in key} == {"AES256"}
    left = [path for path in (project / ".regraft").rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".db" or {"mlartifacts", "predictions"} & {*path.parts}]
    held = [path for path in left for secret in outgrown.secrets if secret.encode() in path.read_bytes()]
    assert not held


@pytest.mark.timeout(600)
def test_retrain__a_second_one_says_who_is_at_work(
    project: Path, image_folder: Callable[..., Path], regraft: Callable[..., Any], prefect_api: str
) -> None:
    """Two retrains of one domain at once: the second names the first's process and changes nothing."""
    regraft("new", "photos", "--images", str(image_folder(10)), "--size", "64", "--intended-use", "Tests.")
    environment = {**os.environ, "PREFECT_API_URL": prefect_api}
    with subprocess.Popen(
        [str(REGRAFT), "retrain", "photos"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as first:
        holder, deadline = project / ".regraft" / "locks" / "photos.json", time.monotonic() + 120
        while not holder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        told = regraft("retrain", "photos", code=11)
        first.kill()
    assert f"error: 'photos' is busy: retrain runs in process {first.pid} since" in told
