"""A domain changes as domains do, and one retrain takes it through: champion and challenger are compared after each."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import timm
import yaml
from PIL import Image
from safetensors.torch import save_file

from registry.gate.decision import Decision
from tests.conftest import make_project

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
REGRAFT = Path(sys.executable).with_name("regraft")
LEVELS = {"dark": 60, "grey": 120, "light": 180, "white": 235}
Change = Callable[[dict[str, Any], pd.DataFrame], pd.DataFrame]


def run(root: Path, *arguments: str) -> str:
    """A command that must not fail, whatever the gate says."""
    done = subprocess.run(
        [str(REGRAFT), *arguments], capture_output=True, text=True, cwd=root, check=False,
        env={**os.environ, "REGRAFT_ROOT": str(root), "REGRAFT_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode != 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def squares(root: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """40 squares a class below `img`, and their table."""
    (root / "img").mkdir(exist_ok=True)
    rows = [{"path": f"img/{name}{number}.png", "label": name} for name in names for number in range(40)]
    random = np.random.default_rng(0)
    for row in rows:
        square(row["label"], random).save(root / row["path"])
    return pd.DataFrame(rows)


def square(name: str, random: np.random.Generator) -> Image.Image:
    """Noise of one level; a white square has black stripes, too."""
    pixels = np.clip(random.normal(LEVELS[name], 25, (64, 64)), 0, 255).astype(np.uint8)
    if name == "white":
        pixels[::4] = 0
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> tuple[Path, Path]:
    """A project whose domain `squares` has a champion, and a copy of it to begin from anew."""
    root = make_project(tmp_path_factory.mktemp("life"))
    squares(root, ("dark", "grey", "light")).to_csv(root / "list.csv", index=False)
    run(root, "new", "squares", "--manifest", "list.csv", "--size", "64", "--intended-use", "Tests.")
    path = root / "domains" / "squares.yaml"
    domain = yaml.safe_load(path.read_text())
    domain["gate"] = {"metric": "accuracy", "floor": 0.3, "resamples": 200, "max_ece": 0.9}
    domain["stress"] = {"corruptions": [], "budgets": [], "explained_samples": 0}
    path.write_text(yaml.safe_dump(domain))
    run(root, "retrain", "squares")
    kept = root.with_name(root.name + "-kept")
    shutil.copytree(root, kept, symlinks=True)
    return root, kept


@pytest.fixture
def live(champion: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], Decision]:
    """Changes domain and table of the project, retrains, and gives back what the gate decided on both versions."""
    root, kept = champion
    shutil.rmtree(root)
    shutil.copytree(kept, root, symlinks=True)  # to the same place: a project's paths are absolute
    monkeypatch.setenv("REGRAFT_ROOT", str(root))
    monkeypatch.chdir(root)

    def through(change: Change) -> Decision:
        path = root / "domains" / "squares.yaml"
        domain = yaml.safe_load(path.read_text())
        change(domain, pd.read_csv(root / "list.csv")).to_csv(root / "list.csv", index=False)
        path.write_text(yaml.safe_dump(domain))
        run(root, "retrain", "squares")
        # Not through MLflow's client, which holds the database open that lay here before.
        found = [json.loads(one.read_text()) for one in root.glob(".regraft/mlartifacts/**/decision.json")]
        (verdict,) = [one for one in found if one["version"] == 2]
        assert verdict["champion"] == 1
        return Decision.model_validate_json(json.dumps(verdict["decision"]))

    return through


def task_of(domain: dict[str, Any]) -> dict[str, Any]:
    """The task of the domain."""
    task: dict[str, Any] = domain["data"]["tasks"]["label"]
    return task


def test_retrain__class_added(live: Callable[[Change], Decision]) -> None:
    """The champion is wrong on the new class and loses; harm is judged on the classes that it knows."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        task_of(domain)["classes"] = ["dark", "grey", "light", "white"]
        domain["gate"]["slice_margin"] = 0.15  # 24 shared test samples rule out no smaller harm, even if none differs
        return pd.concat([table, squares(Path(), ("white",))])

    decision = live(change)
    assert decision.outcome == "PROMOTE"
    assert decision.notes[0] == "v1: it has never heard of white, so that no sample of them can be right"
    assert "accuracy improvement on the classes that both know, upper bound" in [one.name for one in decision.floors]


def test_retrain__class_removed(live: Callable[[Change], Decision]) -> None:
    """What the champion gives to a class that is gone goes to the others."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        task_of(domain)["classes"] = ["dark", "light"]
        return table[table["label"] != "grey"]

    decision = live(change)
    assert "what it gives to grey, which the domain has no more" in decision.notes[0]
    assert decision.champion is not None
    assert decision.champion.value > 0.9


def test_retrain__class_renamed(live: Callable[[Change], Decision]) -> None:
    """Under its new name a class is the same class, in the source as in the champion's answers."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        task_of(domain).update(classes=["dark", "medium", "light"], renamed={"grey": "medium"})
        return table

    decision = live(change)
    assert decision.notes[0] == "v1: its answers are read by the present names: grey as medium"
    assert decision.champion is not None
    assert decision.champion.value > 0.9


def test_retrain__classes_reordered(live: Callable[[Change], Decision]) -> None:
    """Classes are matched by name, so that their order means nothing."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        task_of(domain)["classes"] = ["light", "dark", "grey"]
        return table

    decision = live(change)
    assert decision.champion is not None
    assert decision.champion.value > 0.9


def test_retrain__other_size_crop_and_mode(live: Callable[[Change], Decision]) -> None:
    """Each version sees the samples as it was trained to."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        domain["data"]["transform"].update(size=48, crop=0.9, mode="RGB")
        return table

    decision = live(change)
    assert decision.notes[0] == "v1: it saw the samples as 64 x 64 pixels, grey, as it was trained"
    assert decision.champion is not None
    assert decision.champion.value > 0.9


def test_retrain__other_backbone(live: Callable[[Change], Decision]) -> None:
    """A network of another make, with a normalisation of its own, is a challenger like any other."""
    save_file(timm.create_model("resnet10t", num_classes=0).state_dict(), "small.safetensors")
    given = {"size": 64, "crop": 1.0, "interpolation": "bicubic", "mean": [0.4] * 3, "std": [0.2] * 3}
    card = {
        "architecture": "resnet10t", "source": {"kind": "file", "file": "small.safetensors"}, "revision": "1",
        "licence": "Apache-2.0", "input": given,
    }  # fmt: skip

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        Path("backbones.yaml").write_text(yaml.safe_dump({"small": card}))
        domain["training"]["backbone"] = "small"
        return table

    decision = live(change)
    assert decision.difference is not None


def test_retrain__other_metric(live: Callable[[Change], Decision]) -> None:
    """Both are judged by the metric that the domain names now."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        domain["gate"].update(metric="log_loss", floor=2.0)
        domain["training"]["seed"] = 1
        return table

    decision = live(change)
    assert decision.metric == "log_loss"
    assert decision.champion is not None


def test_retrain__evidence_out_of_fold(live: Callable[[Change], Decision]) -> None:
    """All samples of the domain are evidence, and the test set alone bears the floors."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        domain["gate"]["evidence"] = "out_of_fold"
        domain["training"]["seed"] = 1
        return table

    decision = live(change)
    assert decision.samples == 120
    assert any(note.startswith("out-of-fold evidence") for note in decision.notes)


def test_retrain__regrouped(live: Callable[[Change], Decision]) -> None:
    """Groups that cross the old splits are assigned anew; the champion is not judged on what it learned from."""

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(group=[f"tray-{number // 3}" for number in range(len(table))])

    decision = live(change)
    assert "test samples are left out, because it learned from them or their groups" in decision.notes[0]
    manifest = pd.read_parquet("data/processed/squares/manifest.parquet")
    assert manifest["group"].nunique() == 40
    assert manifest.groupby("group")["split"].nunique().max() == 1


def test_retrain__given_split_changed(live: Callable[[Change], Decision]) -> None:
    """A split that the source gives now is followed, and the champion is judged fairly."""
    manifest = pd.read_parquet("data/processed/squares/manifest.parquet")
    accepted = pd.read_parquet("data/validated/squares/accepted.parquet").set_index("hash")["path"]
    learned = {Path(accepted[digest]).name for digest in manifest.loc[manifest["split"] == "train", "hash"].head(9)}

    def change(domain: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(split=["test" if Path(path).name in learned else "" for path in table["path"]])

    decision = live(change)
    assert decision.notes[0].startswith("v1: 9 of ")


def test_forget__a_sample_is_erased(live: Callable[[Change], Decision]) -> None:
    """It is gone from data, log and old versions, and stays out though its file is still there."""
    manifest = pd.read_parquet("data/processed/squares/manifest.parquet")
    digest = manifest.loc[manifest["split"] == "train", "hash"].iloc[0]
    path = pd.read_parquet("data/validated/squares/accepted.parquet").set_index("hash").loc[digest, "path"]
    run(Path(), "score", "squares", path)
    told = json.loads(run(Path(), "forget", "squares", "--key", path, "--yes", "--json"))
    assert (told["samples"], told["predictions"], len(told["dataset_versions"])) == (1, 1, 1)
    assert path in told["remains"][0]
    assert "learned from them, weights and all: v1" in told["remains"][1]
    live(lambda domain, table: table)
    kept = [one for one in Path().rglob("*") if one.is_file() and digest.encode() in one.read_bytes()]
    allowed = {"squares.forgotten", "reference.parquet", "mlflow.db"}
    assert {one.name for one in kept if ".git" not in one.parts} <= allowed
