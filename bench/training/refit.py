"""The refit of the head against none, on small data; `python -m bench.training.refit`.

Real samples are drawn for training and validation (a quarter of them), the same for both sides. Judged is the head with
its temperature on samples that neither saw: of ELPV the other half of the modules, of the digits the other half, of
Fashion-MNIST its own 10,000. Columns are means over the draws; "change" is refit minus none, with the 95% interval of
the paired difference (Student's t). "Uncrossed" is the change of the log loss where the refitted head keeps the
temperature that was fitted before the refit, on the validation split, instead of the cross-fitted one.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.measure import Cell, bench_main, chosen, run_cells
from bench.report import NOT_RUN, Results, table
from data.stores.dataset import Dataset
from data.targets.classification import ClassificationTask
from evaluation.selection.sweep import mean_interval
from settings.machine import load_settings

if TYPE_CHECKING:
    from lightning_modules.fitting.context import FitContext

SIZES = {"fashion": 64, "digits": 64, "elpv": 224}
SAMPLES = {"fashion": (100, 300, 1000, 4000), "digits": (100, 300), "elpv": (100, 200, 500)}
NAMES = {"elpv": "ELPV", "digits": "digits", "fashion": "Fashion-MNIST"}
RECIPES = ("linear_probe", "prototype")
FOLDS, POOL = 4, 10_000
FIGURES = ("accuracy", "log_loss", "ece")
Positions = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Figures = list[float]  # in the order of FIGURES


def measure(data: str, samples: int, draws: int, recipe: str, images: str) -> dict[str, list[Figures]]:
    """Accuracy, log loss and calibration error of each draw: without refit, with it, and with it but uncrossed."""
    root = load_settings().root
    base, found = small_set(root, data, Path(images)), []
    for number in range(draws):
        drawn = draw(base, root / "draws" / f"{data}-{samples}-{number}", samples, number)
        found.append(_arms(drawn, recipe))
    return {arm: [one[arm] for one in found] for arm in found[0]}


def small_set(root: Path, data: str, images: Path) -> Dataset:
    """A data set as preprocess leaves it, decoded once."""
    from bench.training.elpv import elpv_dataset
    from bench.training.fashion import fashion_dataset

    if data == "elpv":
        return elpv_dataset(root, "groups", 0, SIZES[data])
    if data == "fashion":
        return fashion_dataset(root / f"fashion-{SIZES[data]}", images, SIZES[data])
    return _digits(root / f"digits-{SIZES[data]}", SIZES[data])


def draw(base: Dataset, folder: Path, samples: int, number: int) -> Dataset:
    """The same shards with training and validation samples of that draw, and samples to judge by."""
    rows, generator = base.manifest, np.random.default_rng(number)
    pool, judged = _sides(rows, generator)
    labels, groups = base.labels(rows), rows["group"].astype(str).to_numpy(str)
    taken = np.sort(generator.permutation(pool)[:samples])
    held = taken[_held_out(labels[taken], groups[taken], number)]
    split = pd.Series("train", rows.index[taken]).mask(rows.index[taken].isin(rows.index[held]), "val")
    kept = rows.loc[[*taken, *judged]]
    folder.mkdir(parents=True, exist_ok=True)
    for file in [*base.folder.glob("shard-*.npy"), base.folder / "transform.json"]:
        (folder / file.name).unlink(missing_ok=True)
        (folder / file.name).symlink_to(file)
    kept.assign(split=split.reindex(kept.index).fillna("test")).to_parquet(folder / "manifest.parquet")
    return Dataset(folder, base.tasks)


def _sides(rows: pd.DataFrame, generator: np.random.Generator) -> tuple[Positions, Positions]:
    """Positions to draw from, and positions to judge by: a given large test split, else those of half the groups."""
    tested = (rows["split"] == "test").to_numpy()
    if tested.sum() >= POOL:
        pool = np.flatnonzero(~tested)
        return np.random.default_rng(0).permutation(pool)[:POOL], np.flatnonzero(tested)
    names = generator.permutation(rows["group"].unique())
    inside = rows["group"].isin(names[: len(names) // 2]).to_numpy()
    return np.flatnonzero(inside), np.flatnonzero(~inside)


def _held_out(labels: Positions, groups: npt.NDArray[np.str_], seed: int) -> Positions:
    from lightning_modules.insight.transferability import grouped_folds

    return grouped_folds(labels, groups, folds=FOLDS, seed=seed)[0][1]


def _digits(folder: Path, size: int) -> Dataset:
    from data.sources.digits import DigitsSource
    from data.specs.image import ImageSpec
    from data.stores.atomic import write_text
    from data.stores.manifest import LABEL
    from data.stores.shards import append_rows

    classes = tuple(map(str, range(10)))
    if not (folder / "manifest.parquet").exists():
        spec, source = ImageSpec(mode="L", size=size, crop=1.0), DigitsSource(kind="digits")
        found = list(source.samples(folder, "digit"))
        names = [f"digit-{sample.path}" for sample in found]
        list(append_rows(folder, 0, (spec.decode(source.read(folder, sample.path)) for sample in found), spec))
        write_text(folder / "transform.json", spec.model_dump_json())
        pd.DataFrame({
            "hash": names, "group": names, "weight": 1.0, "position": np.arange(len(names)), "split": "train",
            f"{LABEL}digit": [sample.labels["digit"] for sample in found],
        }).to_parquet(folder / "manifest.parquet")  # fmt: skip
    return Dataset(folder, {"digit": ClassificationTask(classes=classes)})


def _arms(dataset: Dataset, recipe: str) -> dict[str, Figures]:
    """The figures of a draw by arm; the head that is refitted is the one that is judged before."""
    from bench.training.fits import fit_config
    from lightning_modules.fitting.context import FitContext
    from lightning_modules.fitting.fit import select
    from lightning_modules.fitting.refit import refit

    context = FitContext(fit_config(dataset, {"kind": recipe, "refit": 100_000}, {}, "refit"))
    context.prefix().fill(dataset.manifest)
    outcomes, kept = select(context)
    before, held = _said(context, "test"), _said(context, "val")
    crossed = refit(context, outcomes[kept])
    assert crossed is not None  # noqa: S101 - every class has many groups
    after, out_of_fold = _said(context, "test"), crossed[dataset.headline].numpy().astype(np.float64)
    on_held = _temperature(dataset, dataset.rows("val"), held)
    on_all = _temperature(dataset, dataset.rows("train", "val"), out_of_fold)
    shutil.rmtree(context.config.folder)
    shutil.rmtree(dataset.folder)
    answers = {"none": (before, on_held), "refit": (after, on_all), "uncrossed": (after, on_held)}
    return {arm: _figures(dataset, said, temperature) for arm, (said, temperature) in answers.items()}


def _said(context: "FitContext", split: str) -> Floats:
    """Probabilities of a split's samples as the head stands, before any temperature."""
    import torch

    name = context.dataset.headline
    with torch.no_grad():
        said = context.network.eval().answers(context.labelled(split)[name].features)
    return said[name].numpy().astype(np.float64)


def _temperature(dataset: Dataset, rows: pd.DataFrame, said: Floats) -> float:
    from evaluation.inference.calibration import fit_temperature

    return fit_temperature(said, dataset.labels(rows), rows["weight"].to_numpy(np.float64))


def _figures(dataset: Dataset, said: Floats, temperature: float) -> Figures:
    """Weighted accuracy, log loss, and the gap between sureness and truth over ten bins of equal weight."""
    from evaluation.inference.calibration import confidence, equal_mass_bins, tempered
    from evaluation.predictions.metrics import score
    from evaluation.predictions.predictions import Predictions

    rows = dataset.rows("test")
    predictions = Predictions(
        hashes=list(rows["hash"]), truth=dataset.labels(rows), probabilities=tempered(said, temperature),
        weights=rows["weight"].to_numpy(np.float64), groups=list(rows["group"]),
        slices=pd.DataFrame(index=rows.index), classes=dataset.classes,
    )  # fmt: skip
    found, (sure, right) = score(predictions), confidence(predictions)
    gaps = np.bincount(equal_mass_bins(sure, predictions.weights), predictions.weights * (sure - right))
    return [found["accuracy"], found["log_loss"], float(np.abs(gaps).sum() / predictions.weights.sum())]


def section(results: Results) -> str:
    """A row for each data set, number of samples and recipe."""
    head = (
        "data", "recipe", "samples", "draws", "accuracy", "change", "log loss", "change", "uncrossed", "ECE", "change",
    )  # fmt: skip
    rows = [_row(results, data, recipe, n) for recipe in RECIPES for data, found in SAMPLES.items() for n in found]
    return f"{(__doc__ or '').split(chr(10), 2)[2].strip()}\n\n{table(head, rows)}"


def _row(results: Results, data: str, recipe: str, samples: int) -> Sequence[str]:
    known = results.get(f"{data}/{recipe}/{samples}")
    if known is None:
        return NAMES[data], recipe, str(samples), "0", *([NOT_RUN] * 7)
    none, refit, uncrossed = (np.array(known["values"][arm]) for arm in ("none", "refit", "uncrossed"))
    shown: list[str] = []
    for place, name in enumerate(FIGURES):
        shown += [f"{none[:, place].mean():.4f}", _change(refit[:, place] - none[:, place])]
        if name == "log_loss":
            shown.append(_change(uncrossed[:, place] - none[:, place]))
    return NAMES[data], recipe, str(samples), str(len(none)), *shown


def _change(differences: Floats) -> str:
    found = mean_interval(differences.tolist())
    return f"{found.value:+.4f} ± {found.value - found.low:.4f}"


@click.command(context_settings={"show_default": True})
@click.option("--images", default="/usr/share/datasets/fashion-mnist", help="Folder of Fashion-MNIST's IDX files.")
@click.option("--data", default=",".join(SIZES), help="Which data sets.")
@click.option("--draws", default=12, help="Draws of each number of samples.")
@click.option("--threads", default=1, help="Threads of each training.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, data: str, draws: int, threads: int, again: bool) -> None:
    """Measures what the refit gains on small data; goes on where it was stopped."""
    cells = [
        Cell("refit", f"{name}/{recipe}/{samples}", "bench.training.refit:measure",
             {"data": name, "samples": samples, "draws": draws, "recipe": recipe, "images": images}, threads)
        for recipe in RECIPES for name in chosen(data, SIZES) for samples in SAMPLES[name]
    ]  # fmt: skip
    run_cells(cells, again=again, root=load_settings().home / "bench" / "refit-work")


if __name__ == "__main__":
    bench_main(main)
