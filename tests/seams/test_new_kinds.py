"""Kinds of sample, task and network that no file of Regraft knows go the whole way: new files are all they need."""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from data.config import load_data_config
from data.specs.spec import Spec
from data.stages.ingest import ingest
from data.stages.preprocess import preprocess
from data.stages.validate import validate
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder, read_table, validated_folder
from data.targets.task import Task

AMOUNTS = {"apples": 1.0, "pears": 2.0, "plums": 4.0}


@pytest.fixture(scope="module")
def toy() -> Any:
    """The new kinds, in force for the tests of this file alone."""
    from data.specs.transform import BackboneInput, Transform
    from lightning_modules.network.adapter import Adapter
    from lightning_modules.objectives.objective import Objective

    families = (Spec.kinds, Task.kinds, Transform.kinds, BackboneInput.kinds, Objective.kinds, Adapter.libraries)
    found = importlib.util.spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["toy"] = module
    found.loader.exec_module(module)
    yield module
    for family in families:  # what else has joined meanwhile is imported only once, and stays
        for name in [name for name, kind in family.items() if kind.__module__ == "toy"]:
            del family[name]
    del sys.modules["toy"]


@pytest.fixture
def letters(tracked: Path, toy: Any) -> Path:
    """A domain of letters that order fruit, with how much they order: 60 good ones, one no text, one without."""
    (tracked / "letters").mkdir()
    rows = ["path,label"]
    for number in range(60):
        fruit = list(AMOUNTS)[number % 3]
        (tracked / "letters" / f"{number}.txt").write_text(f"please send {fruit} number{number}")
        rows.append(f"{number}.txt,{AMOUNTS[fruit]}")
    (tracked / "letters" / "broken.txt").write_bytes(b"\xff\xfe")
    (tracked / "letters" / "odd.txt").write_text("please send nothing")
    (tracked / "letters" / "labels.csv").write_text("\n".join([*rows, "broken.txt,1", "odd.txt,none"]))
    torch.manual_seed(0)
    save_file(toy.Bag().state_dict(), tracked / "bag.safetensors")
    card = {
        "library": "torch", "architecture": "bag", "source": {"kind": "file", "file": "bag.safetensors"},
        "revision": "1", "licence": "CC0-1.0", "input": {"kind": "sentence"},
    }  # fmt: skip
    (tracked / "backbones.yaml").write_text(yaml.safe_dump({"bag": card}))
    data = {
        "source": {"kind": "table", "path": "letters/labels.csv"},
        "tasks": {"order": {"kind": "amount"}},
        "transform": {"kind": "sentence", "length": 6},
        "expectations": {"least": 2, "max_quarantined": 0.2},
    }
    (tracked / "domains" / "letters.yaml").write_text(yaml.safe_dump({"data": data}))
    return tracked


def prepared(root: Path) -> Dataset:
    """Ingest, validate and preprocess."""
    config = load_data_config(root, "letters")
    ingest(root, "letters", config)
    validate(root, "letters", config)
    preprocess(root, "letters", config)
    return Dataset(processed_folder(root, "letters"), config.tasks)


def fitted(root: Path, dataset: Dataset, recipe: dict[str, Any]) -> Path:
    """A fit in this process, which alone knows the new kinds."""
    from lightning_modules.config import FitConfig
    from lightning_modules.fitting.fit import fit
    from lightning_modules.hub.backbones import load_pretrained
    from registry.store.tracking import start_run

    content = {
        "root": str(root), "dataset": str(dataset.folder), "output": str(root / "fit"), "threads": 1,
        "tasks": {name: task.model_dump() for name, task in dataset.tasks.items()},
        "pretrained": load_pretrained(root, "bag").model_dump(mode="json"),
        "training": {"backbone": "bag", "recipe": recipe},
        "run_id": start_run("letters", "fit", {}),
    }  # fmt: skip
    return fit(FitConfig.model_validate_json(json.dumps(content))).parent


def test_data__of_a_new_kind(letters: Path) -> None:
    """Facts, rules, splits and shards are those of the new kinds; a bad row says why in their words."""
    dataset = prepared(letters)
    reasons = read_table(validated_folder(letters, "letters") / "quarantine.parquet")["reason"]
    assert {reason.split(";")[0] for reason in reasons} == {["no text", " replace it"][0], "no number"}
    assert len(dataset.manifest) == 60
    samples = dataset.samples(dataset.manifest)
    assert (samples.dtype, samples.shape) == (np.int64, (60, 6))
    content = (letters / "letters" / "0.txt").read_bytes()
    place = list(dataset.manifest["hash"]).index(hashlib.sha256(content).hexdigest())
    assert np.array_equal(samples[place], dataset.spec.decode(content))
    assert set(dataset.targets(dataset.manifest)["order"].ravel()) == set(AMOUNTS.values())


@pytest.mark.parametrize("recipe", ["linear_probe", "lp_ft", "bitfit", "lora"])
def test_fit__of_a_new_kind(letters: Path, recipe: str) -> None:
    """Recipes train it, cached or not; the package answers a sample's bytes as the network does."""
    from lightning_modules.hub.backbones import load_pretrained
    from registry.package.package import load_package
    from registry.package.packing import pack_fit

    dataset = prepared(letters)
    probed = {} if recipe == "linear_probe" else {"probe_epochs": 40, "probe_learning_rate": 0.05}
    rates = {"epochs": 40, "batch_size": 8, "learning_rate": 0.05, "patience": 40}
    folder = fitted(letters, dataset, {"kind": recipe, **rates, **probed})
    history = json.loads((folder / "progress.json").read_text())["history"]
    assert min(entry["val_mae"] for entry in history) < 0.7 * history[0]["val_mae"]
    package = load_package(pack_fit(folder, dataset, load_pretrained(letters, "bag")).folder)
    rows = dataset.rows("test")
    answers, embeddings = package.predict(dataset.samples(rows))
    assert (list(answers), answers["order"].shape, embeddings.shape) == (["order"], (len(rows), 1), (len(rows), 16))
    wanted = dataset.targets(rows)["order"]
    assert np.abs(answers["order"] - wanted).mean() < np.abs(np.median(wanted) - wanted).mean()
    served = package.decisive(package.transform.decode(b"please send pears")[None])
    assert served.shape == (1, 1)
    assert set(package.reference.columns) == {"hash", "group", "split", "words", "amount", "embedding"}


def test_config__names_what_is_wrong(letters: Path) -> None:
    """A key that the new kind has not, or a kind that does not exist, is one line with its place."""
    path = letters / "domains" / "letters.yaml"
    for old, new, message in (
        ("length: 6", "width: 6", "data.transform.width"),
        ("least: 2", "brightness: 2", "data.expectations.brightness"),
        ("kind: sentence", "kind: sound", "data.transform.*kind 'sound' does not exist; choose one of image, sentence"),
    ):
        path.write_text(path.read_text().replace(old, new))
        with pytest.raises(ValueError, match=message):
            load_data_config(letters, "letters")
        path.write_text(path.read_text().replace(new, old))
