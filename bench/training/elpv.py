"""ELPV on the protocol that papers report, and on one that does not leak; `python -m bench.training.elpv`.

2,624 solar cells, positive where the annotators' probability of a defect is above 0, weighted 1, 1/3, 2/3, 1 by it.
*random*: 75/25, stratified by probability and type, as in Deitsch et al. 2019. *groups*: the same shares, but no
pseudo-module of 60 cells is on both sides. 15% of the training part are held back for early stopping. The threshold
is 0.5. Training's own seed and the augmented views are the same in all; what varies is the split. The recipes' settings
were chosen on the validation part of the random split 0 alone.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.measure import Cell, bench_main, chosen, run_cells
from bench.report import Results, decimals, table
from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from data.targets.classification import ClassificationTask
from evaluation.selection.sweep import mean_interval
from settings.machine import load_settings

CLASSES = ("functional", "defective")
VIEWS = {"horizontal_flip": True, "vertical_flip": True, "rotation": "half_turn"}
HELD_BACK, TEST = 0.15, 0.25
PROTOCOLS = ("random", "groups")
RECIPES: dict[str, dict[str, Any]] = {
    "linear_probe": {"kind": "linear_probe"},
    "partial": {"kind": "partial", "stages": 3, "probe_epochs": 5, "epochs": 8, "views": 6, "clip": 1.0, "ema": 0.98},
    "lp_ft": {"kind": "lp_ft", "probe_epochs": 5, "epochs": 8, "clip": 1.0, "ema": 0.98},
    "full": {"kind": "full", "epochs": 10, "clip": 1.0, "ema": 0.98, "layer_decay": 0.9},
}


def measure(protocol: str, recipe: dict[str, Any], seed: int, size: int) -> dict[str, float]:
    """One recipe on one split: weighted and plain metrics on the test part, and what the training cost."""
    from bench.training.fits import BACKBONE, fit_config
    from lightning_modules.fitting.launch import train
    from lightning_modules.hub.backbones import load_pretrained
    from registry.package.packing import pack_fit

    root = load_settings().root
    dataset = elpv_dataset(root, protocol, seed, size)
    fitted = train(fit_config(dataset, recipe, VIEWS, "elpv"))
    package = pack_fit(fitted.folder, dataset, load_pretrained(root, BACKBONE))
    rows = dataset.rows("test")
    probabilities = package.decisive(dataset.samples(rows))
    shutil.rmtree(fitted.folder)  # until here a stopped benchmark goes on in it
    found = scores(rows["probability"].to_numpy(float), probabilities[:, 1].astype(float))
    return {**found, "seconds": fitted.seconds, "epochs": fitted.epochs, "val_loss": fitted.best_val_loss}


def scores(probability: npt.NDArray[np.float64], positive: npt.NDArray[np.float64]) -> dict[str, float]:
    """Weighted metrics for probability > 0, and plain ones for probability > 0.5, of predicted shares [N]."""
    from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

    weights, predicted = np.where(probability == 0, 1.0, probability), positive > 0.5
    return {
        "weighted_accuracy": float(accuracy_score(probability > 0, predicted, sample_weight=weights)),
        "weighted_auc": float(roc_auc_score(probability > 0, positive, sample_weight=weights)),
        "accuracy": float(accuracy_score(probability > 0.5, predicted)),
        "f1": float(f1_score(probability > 0.5, predicted)),
        "auc": float(roc_auc_score(probability > 0.5, positive)),
    }


def elpv_dataset(root: Path, protocol: str, seed: int, size: int) -> Dataset:
    """The cells decoded once, and a manifest with the splits of this protocol and seed."""
    pixels, folder = root / f"pixels-{size}", root / f"{protocol}-{seed}-{size}"
    if not (folder / "manifest.parquet").exists():
        base = _pixels(pixels, size)
        folder.mkdir(parents=True, exist_ok=True)
        for shard in [*pixels.glob("shard-*.npy"), pixels / "transform.json"]:
            (folder / shard.name).unlink(missing_ok=True)
            (folder / shard.name).symlink_to(shard)
        split = _random_split(base, seed) if protocol == "random" else _group_split(base, seed)
        base.assign(split=split).to_parquet(folder / "manifest.parquet")
    return Dataset(folder, {"defect": ClassificationTask(classes=CLASSES)})


def _pixels(folder: Path, size: int) -> pd.DataFrame:
    """Decodes all cells into shards; returns the manifest without splits."""
    from data.sources.elpv import elpv_folder, elpv_table
    from data.specs.image import ImageSpec
    from data.stores.manifest import LABEL
    from data.stores.shards import append_rows

    spec, cells = ImageSpec(mode="L", size=size, crop=1.0), elpv_table()
    contents = [(elpv_folder() / path).read_bytes() for path in cells["path"]]
    if not (folder / "transform.json").exists():
        list(append_rows(folder, 0, (spec.decode(content) for content in contents), spec))
        write_text(folder / "transform.json", spec.model_dump_json())
    return pd.DataFrame({
        "hash": [hashlib.sha256(content).hexdigest() for content in contents],
        "group": cells["module"],
        "probability": cells["probability"],
        "type": cells["type"],
        "weight": np.where(cells["probability"] == 0, 1.0, cells["probability"]),
        "position": np.arange(len(cells)),
        f"{LABEL}defect": np.where(cells["probability"] > 0, CLASSES[1], CLASSES[0]),
    })  # fmt: skip


def _random_split(cells: pd.DataFrame, seed: int) -> pd.Series:
    from sklearn.model_selection import train_test_split

    strata = _strata(cells)
    train, test = train_test_split(cells.index, test_size=TEST, stratify=strata, random_state=seed)
    _, held = train_test_split(train, test_size=HELD_BACK, stratify=strata[train], random_state=seed)
    return pd.Series("train", cells.index).mask(cells.index.isin(test), "test").mask(cells.index.isin(held), "val")


def _group_split(cells: pd.DataFrame, seed: int) -> pd.Series:
    from data.config import SplitConfig
    from data.stages.splits import assign_splits

    config = SplitConfig(validation=HELD_BACK * (1 - TEST), test=TEST, seed=seed)
    return assign_splits(cells.assign(split=None), _strata(cells), {}, config)


def _strata(cells: pd.DataFrame) -> pd.Series:
    strata: pd.Series = cells["probability"].round(2).astype(str) + cells["type"]
    return strata


def section(results: Results) -> str:
    """The tables of both protocols: mean over the split seeds and the 95% interval of that mean (Student's t)."""
    head = ("recipe", "seeds", "weighted accuracy", "weighted AUC", "accuracy p > 0.5", "F1", "AUC", "minutes a seed")
    parts = [__doc__.split("\n", 2)[2].strip()]
    for protocol in PROTOCOLS:
        parts += [f"### {protocol}", table(head, [_row(results, protocol, recipe) for recipe in RECIPES])]
    reference = "Deitsch et al. 2019, VGG-19 fine-tuned: 0.884 weighted accuracy, AUC 0.944 (random, one split)."
    return "\n\n".join([*parts, reference])


def _row(results: Results, protocol: str, recipe: str) -> Sequence[str]:
    found = [record["values"] for name, record in results.items() if name.startswith(f"{protocol}/{recipe}/")]
    if not found:
        return (recipe, "0", *(["not run"] * 6))
    names = ("weighted_accuracy", "weighted_auc", "accuracy", "f1", "auc")
    minutes = float(np.median([one["seconds"] for one in found])) / 60
    return recipe, str(len(found)), *(_interval([one[name] for one in found]) for name in names), decimals(minutes)


def _interval(values: Sequence[float]) -> str:
    found = mean_interval(values)
    return f"{found.value:.4f}" if len(values) < 2 else f"{found.value:.4f} ± {found.value - found.low:.4f}"


@click.command(context_settings={"show_default": True})
@click.option("--recipes", default=",".join(RECIPES), help="Which, in this order within a seed.")
@click.option("--protocols", default=",".join(PROTOCOLS), help="Which.")
@click.option("--seeds", default=10, help="Split seeds 0, 1, ...")
@click.option("--size", default=160, help="Side of the images, pixels.")
@click.option("--threads", default=2, help="Threads of each training.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(recipes: str, protocols: str, seeds: int, size: int, threads: int, again: bool) -> None:
    """Measures recipes on splits of ELPV, seed after seed; goes on where it was stopped."""
    cells = [
        Cell("elpv", f"{protocol}/{recipe}/seed{seed}", "bench.training.elpv:measure",
             {"protocol": protocol, "recipe": RECIPES[recipe], "seed": seed, "size": size}, threads)
        for seed in range(seeds) for protocol in chosen(protocols, PROTOCOLS) for recipe in chosen(recipes, RECIPES)
    ]  # fmt: skip
    run_cells(cells, again=again, root=load_settings().home / "bench" / "elpv-work")


if __name__ == "__main__":
    bench_main(main)
