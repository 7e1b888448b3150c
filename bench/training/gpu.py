"""The engine on a GPU, `make gpu-check`: images a second and utilisation of `full`; each precision must learn.

Real ELPV cells at 224 px, batches of 64, channels_last as everywhere; the first epoch warms up and does not count.
"""

import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from bench.errors import BenchError
from bench.measure import Cell, bench_main, run_cells
from bench.report import NOT_RUN, Results, decimals, load_results, table
from settings.machine import load_settings

SETTINGS: dict[str, dict[str, Any]] = {
    "fp32": {"precision": "32"},
    "bf16": {"precision": "bf16-mixed"},
    "bf16-compiled": {"precision": "bf16-mixed", "compile": True},
}
# A rounding to 8 bits may cost this much of the validation loss, and no more.
TOLERANCE = 0.1


def measure(trainer: dict[str, Any], epochs: int) -> dict[str, float]:
    """One fit on the GPU: images a second from the second epoch on, share of the time that it was busy, and loss."""
    from bench.training.elpv import RECIPES, VIEWS, elpv_dataset
    from bench.training.fits import fit_config
    from lightning_modules.fitting.fit import fit
    from lightning_modules.fitting.progress import read_history

    root = load_settings().root
    recipe = {**RECIPES["full"], "epochs": epochs, "patience": epochs, "batch_size": 64}
    config = fit_config(
        elpv_dataset(root, "random", 0, 224), recipe, VIEWS, f"gpu-{'-'.join(map(str, trainer.values()))}"
    )
    with _utilisation() as busy:
        fit(config.model_copy(update={"trainer": config.trainer.model_copy(update={"accelerator": "gpu", **trainer})}))
    history = read_history(config.folder / "progress.json")
    return {
        "images_per_second": statistics.median(entry["images_per_second"] for entry in history[1:]),
        "utilisation": statistics.fmean(busy) if busy else float("nan"),
        "val_loss": min(entry["val_loss"] for entry in history),
    }


@contextmanager
def _utilisation() -> Iterator[list[float]]:
    """Samples nvidia-smi's utilisation, percent, twice a second while the block runs."""
    found: list[float] = []
    ended = threading.Event()
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]

    def sample() -> None:
        """Runs beside the block."""
        while not ended.wait(0.5):
            lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            found.append(statistics.fmean(map(float, lines)))

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def section(results: Results) -> str:
    """The table of precisions."""
    head = ("setting", "images/s", "GPU busy, %", "best validation loss", "peak MB")
    return table(head, [_row(name, results) for name in SETTINGS])


def _row(name: str, results: Results) -> tuple[str, ...]:
    if name not in results:
        return (name, *([NOT_RUN] * 4))
    values = results[name]["values"]
    shown = (values["images_per_second"], values["utilisation"], values["val_loss"], results[name]["peak_mb"])
    return (name, *map(decimals, shown))


@click.command(context_settings={"show_default": True})
@click.option("--epochs", default=4, help="Passes over the training images; the first does not count.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(epochs: int, again: bool) -> None:
    """Trains on the GPU in each precision; fails where one does not learn as fp32 does."""
    import torch

    if not torch.cuda.is_available():
        raise BenchError("torch sees no GPU; run `make gpu-check` where `nvidia-smi` lists one")
    cells = [
        Cell("gpu", name, "bench.training.gpu:measure", {"trainer": trainer, "epochs": epochs}, load_settings().cores)
        for name, trainer in SETTINGS.items()
    ]
    run_cells(cells, again=again, root=load_settings().home / "bench" / "gpu-work")
    results = load_results("gpu")
    click.echo(section(results))
    losses = {name: results[name]["values"]["val_loss"] for name in SETTINGS}
    worse = [name for name, loss in losses.items() if loss > losses["fp32"] * (1 + TOLERANCE)]
    if worse:
        raise BenchError(f"{worse[0]} learns worse than fp32: loss {losses[worse[0]]:.4f}, fp32 {losses['fp32']:.4f}")


if __name__ == "__main__":
    bench_main(main)
