"""int8 beside fp32 in ONNX Runtime: images a second and decisions that change; `python -m bench.serving.int8`.

The model of a champion of `solar` is quantized in the two ways that ONNX Runtime has: `dynamic` (weights beforehand,
activations as they come) and `static` (QDQ, a scale a channel, activations by the range that 100 cells have). 900 other
cells are asked of all three. Each is measured in turn, on one thread, in batches of 32.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, middle, table
from bench.serving.services import make_project
from bench.training.images import write_image_folder
from settings.machine import load_settings

CALIBRATION, ASKED, BATCH, SECONDS = 100, 900, 32, 10.0
KINDS = ("fp32", "dynamic", "static")
Arrays = npt.NDArray[Any]


def measured(rounds: int) -> Record:
    """Of each kind: images a second in each round, decisions that differ from fp32's, and the largest difference."""
    from registry.store.models import champion

    root = load_settings().root
    found = champion("solar")
    assert found is not None  # noqa: S101 - `prepare` has made one
    package = found.load()
    arrays = np.stack([package.transform.decode(path.read_bytes()) for path in sorted((root / "cells").rglob("*.png"))])
    order = np.random.default_rng(0).permutation(len(arrays))
    models = quantized(found.folder / "model.onnx", arrays[order[:CALIBRATION]], root)
    sessions = {kind: opened(path) for kind, path in models.items()}
    asked = arrays[order[CALIBRATION:]]
    said = {kind: np.concatenate([run(asked[at : at + BATCH]) for at in range(0, len(asked), BATCH)])
            for kind, run in sessions.items()}  # fmt: skip
    rates = [{kind: rate(run, asked[:BATCH]) for kind, run in sessions.items()} for _ in range(rounds)]
    changes = {kind: compared(said["fp32"], said[kind]) for kind in KINDS}
    return {"value": middle(one["static"] / one["fp32"] for one in rates), "rates": rates, "changes": changes}


def quantized(model: Path, calibration: Arrays, folder: Path) -> dict[str, Path]:
    """The model and its int8 forms as files."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    paths = {"fp32": model, "dynamic": folder / "dynamic.onnx", "static": folder / "static.onnx"}
    prepared = folder / "prepared.onnx"
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    quantize_dynamic(prepared, paths["dynamic"], weight_type=QuantType.QInt8, reduce_range=True)
    name = ort.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    quantize_static(
        prepared, paths["static"], _Reader(name, calibration), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=True,
    )  # fmt: skip
    return paths


class _Reader:
    """Samples one by one, as ONNX Runtime asks for them."""

    def __init__(self, name: str, samples: Arrays) -> None:
        self._left = iter([{name: one[None]} for one in samples])

    def get_next(self) -> dict[str, Arrays] | None:
        """The next one; None after the last."""
        return next(self._left, None)


def opened(model: Path) -> Callable[[Arrays], Arrays]:
    """What a model says of samples, on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(samples: Arrays) -> Arrays:
        found: Arrays = session.run(None, {name: samples})[0]
        return found

    return run


def rate(run: Callable[[Arrays], Arrays], batch: Arrays) -> float:
    """Samples a second."""
    run(batch)
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        run(batch)
        done += len(batch)
    return done / (time.perf_counter() - begun)


def compared(before: Arrays, after: Arrays) -> dict[str, float]:
    """Share of decisions that changed, and the largest and the mean difference of a probability."""
    changed, apart = before.argmax(axis=1) != after.argmax(axis=1), np.abs(before - after)
    return {"changed": float(changed.mean()), "largest": float(apart.max()), "mean": float(apart.mean())}


def prepare(root: Path) -> None:
    """A project with a champion of solar, and cells."""
    make_project(root)
    write_image_folder(root / "cells", CALIBRATION + ASKED)


def cells(rounds: int = 3) -> list[Cell]:
    """All in one, so that they are measured in turn."""
    return [Cell("int8", "solar", "bench.serving.int8:measured", {"rounds": rounds}, 1)]


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about int8."""
    text = (
        "The model of `solar` (EfficientNet-Lite0 at 224 px, with its head and calibration) in ONNX Runtime, one "
        f"thread, batches of {BATCH}, medians of the rounds; what is decided of {ASKED} cells that the quantization "
        "has not seen. Decoding is not in it."
    )
    head = ("kind", "images/s", "to fp32", "decisions changed", "largest difference", "mean difference")
    return f"{text}\n\n{table(head, [_row(results, kind) for kind in KINDS])}"


def _row(results: Results, kind: str) -> tuple[str, ...]:
    if "solar" not in results:
        return kind, NOT_RUN, *[""] * 4
    values = results["solar"]["values"]
    ratio = middle(one[kind] / one["fp32"] for one in values["rates"])
    changes = values["changes"][kind]
    apart = [f"{changes[name]:.3f}" for name in ("largest", "mean")]
    return (
        kind,
        decimals(middle(one[kind] for one in values["rates"])),
        f"{ratio:.2f}",
        f"{changes['changed']:.1%}",
        *apart,
    )


@click.command(context_settings={"show_default": True})
@click.option("--rounds", default=3, help="How often each is measured.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(rounds: int, again: bool) -> None:
    """Measures fp32 and int8 side by side, in one temporary project."""
    planned = cells(rounds)
    if not again and all(map(is_known, planned)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-int8-") as folder:
        prepare(Path(folder))
        run_cells(planned, again=again, root=Path(folder))


if __name__ == "__main__":
    bench_main(main)
