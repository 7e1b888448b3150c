"""Cost growth: what 1,000, 10,000 and 60,000 samples cost, and 1% more of them; `python -m bench.training.growth`.

The samples are Fashion-MNIST's. Each number of samples is a chain of cells in one temporary project, since a re-run
needs what the first run left: a chain with a missing cell is measured from its start.
"""

import json
import shutil
import struct
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, table
from data.targets.classification import ClassificationTask

if TYPE_CHECKING:
    from data.config import DataConfig
    from data.stores.dataset import Dataset

SAMPLES = (1_000, 10_000, 60_000)
PHASES = {
    "prepare": "prepare (ingest, validate, preprocess)",
    "embed": "embed",
    "linear_probe": "linear_probe, 10 epochs",
}
RUNS = ("first", "rerun")
FASHION = "/usr/share/datasets/fashion-mnist"
DOMAIN, TASK, EPOCHS = "fashion", "garment", 10
CLASSES = tuple("0123456789")
Values = dict[str, float]


def prepare(samples: int, size: int, run: str) -> Values:
    """Seconds of ingest, validate and preprocess by their own functions, without DVC and Prefect around them."""
    import great_expectations  # noqa: F401  -- its seconds of import are no cost of a sample

    from data.stages.ingest import ingest
    from data.stages.preprocess import preprocess
    from data.stages.validate import validate
    from settings.machine import load_settings

    root, config = load_settings().root, _config(samples, size, run)
    marks = [time.perf_counter()]
    read = ingest(root, DOMAIN, config).read
    marks.append(time.perf_counter())
    accepted = validate(root, DOMAIN, config).accepted
    marks.append(time.perf_counter())
    decoded = preprocess(root, DOMAIN, config)
    marks.append(time.perf_counter())
    parts = dict(zip(("ingest", "validate", "preprocess"), np.diff(marks).tolist(), strict=True))
    return {"value": marks[-1] - marks[0], **parts, "read": read, "accepted": accepted, "decoded": decoded}


def embed(samples: int, size: int, run: str) -> Values:
    """Seconds of embedding; the backbone's export, made once for any number of samples, is not counted."""
    from bench.training.peers import BACKBONE
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.inputs.activations import Prefix
    from settings.machine import load_settings

    settings, dataset = load_settings(), _dataset()
    beginning, pretrained = _beginning(dataset), load_pretrained(settings.root, BACKBONE)
    Prefix(settings.home, beginning, pretrained, settings.cores).fill(beginning.manifest)
    started = time.perf_counter()
    new = Prefix(settings.home, dataset, pretrained, settings.cores).fill(dataset.manifest)
    return {"value": time.perf_counter() - started, "new": new}


def linear_probe(samples: int, size: int, run: str) -> Values:
    """Seconds of a linear probe of ten epochs, from reading the features to writing the weights."""
    from bench.training.regraft import new_project, run_fit

    new_project()
    started = time.perf_counter()
    run_fit(_dataset(), {"kind": "linear_probe", "epochs": EPOCHS, "patience": EPOCHS}, f"fit-{run}")
    return {"value": time.perf_counter() - started}


def write_pool(images: Path, folder: Path) -> None:
    """Writes all images of Fashion-MNIST as one training file, so that its first n can be read; one is left to test.

    Raises:
        SourceError: a file is missing or damaged.
    """
    from data.sources.idx import load_idx

    folder.mkdir(parents=True)
    for stem in ("images-idx3-ubyte", "labels-idx1-ubyte"):
        plain = [images / f"{prefix}-{stem}" for prefix in ("train", "t10k")]
        pool = np.concatenate([load_idx(path if path.is_file() else Path(f"{path}.gz")) for path in plain])
        for prefix, part in (("train", pool[:-1]), ("t10k", pool[-1:])):
            header = struct.pack(f">HBB{part.ndim}I", 0, 8, part.ndim, *part.shape)
            (folder / f"{prefix}-{stem}").write_bytes(header + part.tobytes())


def _config(samples: int, size: int, run: str) -> "DataConfig":
    """The first `samples` of the pool, or 1% more; the files stay as they are, so what is known is not read again."""
    from data.config import DataConfig

    wanted = samples if run == "first" else samples + max(1, samples // 100)
    content = {
        "source": {"kind": "idx", "path": "pool", "limit": wanted - 1},  # and the one that is left to test
        "tasks": {TASK: {"classes": CLASSES}},
        "transform": {"mode": "L", "size": size, "crop": 1.0},
    }
    return DataConfig.model_validate_json(json.dumps(content))


def _dataset() -> "Dataset":
    from data.stores.dataset import Dataset
    from data.stores.manifest import processed_folder
    from settings.machine import load_settings

    return Dataset(processed_folder(load_settings().root, DOMAIN), {TASK: ClassificationTask(classes=CLASSES)})


def _beginning(dataset: "Dataset") -> "Dataset":
    """A data set of the first two samples, for what is made at first use."""
    from data.stores.dataset import Dataset
    from data.stores.manifest import write_table

    folder = dataset.folder.with_name("beginning")
    folder.mkdir(exist_ok=True)
    shutil.copy(dataset.folder / "transform.json", folder)
    shutil.copy(dataset.folder / "shard-00000.npy", folder)
    write_table(folder / "manifest.parquet", dataset.manifest.head(2))
    return Dataset(folder, dataset.tasks)


def chain(samples: int, size: int, threads: int) -> list[Cell]:
    """The cells of one number of samples: all phases, then all with 1% more."""
    return [
        Cell(
            "growth",
            f"{samples}/{phase}/{run}",
            f"bench.training.growth:{phase}",
            {"samples": samples, "size": size, "run": run},
            threads,
        )
        for run in RUNS
        for phase in PHASES
    ]


def measure_chain(cells: Sequence[Cell], images: Path, *, again: bool = False) -> None:
    """Measures a chain from its start unless all of it is known.

    Raises:
        BenchError: a cell failed.
        SourceError: the images are missing.
    """
    if again or not all(map(is_known, cells)):
        with tempfile.TemporaryDirectory(prefix="regraft-growth-") as root:
            write_pool(images, Path(root) / "pool")
            run_cells(cells, again=True, root=Path(root))


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about growth."""
    sides = sorted({str(record["parameters"]["size"]) for record in results.values()})
    text = (
        f"Fashion-MNIST at {' and '.join(sides) or '64'} px through the functions that the flow calls, without DVC and "
        "Prefect around them; imports and the backbone's export, which are made once, are not counted. The last "
        "columns are the same again after 1% new samples came; a probe is trained anew, so only preparing and "
        "embedding can be cheaper. An exponent of 1 is growth in proportion."
    )
    head = ("samples", "phase", "seconds", "ms a sample", "peak MB", "seconds with 1% more", "of the first run")
    rows = [_row(results, phase, samples) for phase in PHASES for samples in SAMPLES]
    slopes = [f"{phase} {_exponent(results, phase)}" for phase in PHASES]
    return f"{text}\n\n{table(head, rows)}\n\nExponent of seconds against samples: {', '.join(slopes)}."


def _row(results: Results, phase: str, samples: int) -> tuple[str, ...]:
    first, rerun = (results.get(f"{samples}/{phase}/{run}") for run in RUNS)
    label = f"{samples:,}", PHASES[phase]
    if first is None:
        return *label, NOT_RUN, *[""] * 4
    seconds = first["values"]["value"]
    cost = decimals(seconds), decimals(seconds / samples * 1000), f"{first['peak_mb']:.0f}"
    return *label, *cost, *_again(seconds, rerun)


def _again(seconds: float, rerun: Record | None) -> tuple[str, str]:
    if rerun is None:
        return NOT_RUN, ""
    return decimals(rerun["values"]["value"]), f"{rerun['values']['value'] / seconds:.1%}"


def _exponent(results: Results, phase: str) -> str:
    """Slope of log seconds over log samples, by least squares."""
    found = {samples: results.get(f"{samples}/{phase}/first") for samples in SAMPLES}
    known = {samples: record["values"]["value"] for samples, record in found.items() if record is not None}
    if len(known) < 2:  # a line needs two points
        return NOT_RUN
    return decimals(float(np.polyfit(np.log(list(known)), np.log(list(known.values())), 1)[0]))


@click.command(context_settings={"show_default": True})
@click.option("--images", type=click.Path(path_type=Path), default=Path(FASHION), help="Folder of the IDX files.")
@click.option("--samples", multiple=True, type=int, default=SAMPLES, help="Numbers of samples.")
@click.option("--size", default=64, help="Side of the images, pixels.")
@click.option("--threads", default=2, help="Threads of a cell.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: Path, samples: tuple[int, ...], size: int, threads: int, again: bool) -> None:
    """Measures time and memory against the number of samples; known chains are not measured again."""
    for number in samples:
        measure_chain(chain(number, size, threads), images.resolve(), again=again)


if __name__ == "__main__":
    bench_main(main)
