"""Fashion-MNIST, 60,000 training images at 64 px; judged on its 10,000 test images; `python -m bench.training.fashion`.

5% of the training images are held back for early stopping. One seed: the test set is fixed, so the interval is that
of its 10,000 samples (a percentile bootstrap).
"""

import shutil
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from bench.measure import Cell, bench_main, chosen, run_cells
from bench.report import NOT_RUN, Results, decimals, table
from bench.training.growth import CLASSES, FASHION
from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from data.targets.classification import ClassificationTask
from settings.machine import load_settings

TASK = "garment"
RECIPES: dict[str, dict[str, Any]] = {
    "linear_probe": {"kind": "linear_probe", "batch_size": 512, "epochs": 40},
    "partial": {
        "kind": "partial", "stages": 3, "epochs": 6, "views": 2, "batch_size": 256, "learning_rate": 1e-3,
        "batch_norm": "train",
    },
}  # fmt: skip
REFERENCE = {"HOG + SVM": 0.926, "MobileNet": 0.950, "ResNet18": 0.949, "WRN40-4": 0.967, "people": 0.835}


def measure(images: str, recipe: dict[str, Any], size: int) -> dict[str, float]:
    """Trains on the training images and judges the package on the test images."""
    from bench.training.fits import BACKBONE, fit_config
    from evaluation.inference.bootstrap import Resampling, bootstrap_interval
    from evaluation.predictions.predictions import Predictions
    from lightning_modules.fitting.launch import train
    from lightning_modules.hub.backbones import load_pretrained
    from registry.package.packing import pack_fit

    root = load_settings().root
    dataset = fashion_dataset(root / f"data-{size}", Path(images), size)
    fitted = train(fit_config(dataset, recipe, {"horizontal_flip": True}, "fashion"))
    package = pack_fit(fitted.folder, dataset, load_pretrained(root, BACKBONE))
    rows = dataset.rows("test")
    probabilities = package.decisive(dataset.samples(rows))
    predictions = Predictions(
        hashes=list(rows["hash"]), truth=dataset.labels(rows), probabilities=probabilities.astype(np.float64),
        weights=np.ones(len(rows)), groups=list(rows["group"]), slices=pd.DataFrame(index=rows.index), classes=CLASSES,
    )  # fmt: skip
    found = bootstrap_interval("accuracy", predictions, Resampling(seed=0))
    shutil.rmtree(fitted.folder)  # until here a stopped benchmark goes on in it
    return {"accuracy": found.value, "low": found.low, "high": found.high, "seconds": fitted.seconds}


def fashion_dataset(folder: Path, images: Path, size: int) -> Dataset:
    """All 70,000 images as preprocess leaves them, with the data set's own test split."""
    from data.specs.image import ImageSpec
    from data.stores.manifest import LABEL
    from data.stores.shards import append_rows

    if not (folder / "manifest.parquet").exists():
        pixels, labels = _read(images)
        spec = ImageSpec(mode="L", size=size, crop=1.0)
        list(append_rows(folder, 0, (_enlarged(image, size) for image in pixels), spec))
        write_text(folder / "transform.json", spec.model_dump_json())
        held = np.random.default_rng(0).permutation(60_000)[:3_000]
        split = np.array(["train"] * 60_000 + ["test"] * 10_000, object)
        split[held] = "val"
        names = [f"image-{number}" for number in range(len(pixels))]
        pd.DataFrame({
            "hash": names, "group": names, "weight": 1.0, "position": np.arange(len(pixels)), "split": split,
            f"{LABEL}{TASK}": [CLASSES[label] for label in labels],
        }).to_parquet(folder / "manifest.parquet")  # fmt: skip
    return Dataset(folder, {TASK: ClassificationTask(classes=CLASSES)})


def _read(images: Path) -> tuple[Any, Any]:
    from data.sources.idx import load_idx

    def load(stem: str) -> Any:
        """Training and test part of images or labels."""
        paths = [images / f"{prefix}-{stem}" for prefix in ("train", "t10k")]
        return np.concatenate([load_idx(path if path.is_file() else Path(f"{path}.gz")) for path in paths])

    return load("images-idx3-ubyte"), load("labels-idx1-ubyte")


def _enlarged(image: Any, size: int) -> Any:
    from PIL import Image

    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.uint8)[:, :, None]


def section(results: Results) -> str:
    """The table, beside published accuracies."""
    head = ("recipe", "accuracy", "95% interval", "training, minutes", "peak MB")
    published = "; ".join(f"{name} {value:.3f}" for name, value in REFERENCE.items())
    text = (__doc__ or "").split("\n", 2)[2].strip()
    rows = [_row(name, results) for name in RECIPES]
    return f"{text}\n\n{table(head, rows)}\n\nPublished: {published}."


def _row(name: str, results: Results) -> tuple[str, ...]:
    if name not in results:
        return (name, *([NOT_RUN] * 4))
    found = results[name]["values"]
    interval = f"{found['low']:.4f} to {found['high']:.4f}"
    peak = decimals(results[name]["together_peak_mb"])
    return name, f"{found['accuracy']:.4f}", interval, decimals(found["seconds"] / 60), peak


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--recipes", default=",".join(RECIPES), help="Which.")
@click.option("--size", default=64, help="Side of the images, pixels.")
@click.option("--threads", default=2, help="Threads of each training.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, recipes: str, size: int, threads: int, again: bool) -> None:
    """Measures recipes on all of Fashion-MNIST; goes on where it was stopped."""
    cells = [
        Cell(
            "fashion",
            name,
            "bench.training.fashion:measure",
            {"images": images, "recipe": RECIPES[name], "size": size},
            threads,
        )
        for name in chosen(recipes, RECIPES)
    ]
    run_cells(cells, again=again, root=load_settings().home / "bench" / "fashion-work")


if __name__ == "__main__":
    bench_main(main)
