"""Regraft's service against others, with one package; `python -m bench.serving.services`.

Each server has the first core of the machine, the client the second. What is sent is a solar cell of 300 by 300 pixels,
as a PNG; to `mlflow models serve`, which knows no files, the array of the package's spec as JSON. "A loop" decodes and
runs the model in batches of 32 on the server's core without any network. A round measures every side once, in turn.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from bench.errors import BenchError
from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, middle, table
from bench.serving.load import PATHS, load
from bench.serving.servers import CLIENT_CORE, PORT, SCRIPTS, SERVER_CORE, listens, running
from bench.training.images import write_image_folder
from settings.machine import load_settings

CLIENTS = (1, 8, 64)
LABELS = {
    "regraft": "`regraft serve`", "litserve": "LitServe", "bentoml": "BentoML", "mlflow": "`mlflow models serve`"
}  # fmt: skip
SECONDS = 10.0
PEERS = Path(__file__).parent / "peer_services"
NEEDS = ("litserve", "bentoml", "onnxruntime", "pillow", "numpy", "python-multipart")


def served(kind: str, clients: int, number: int) -> Record:
    """What one server answers to so many clients; `number` is the round."""
    del number
    root = load_settings().root
    with _server(kind, root):
        found = subprocess.run(
            [sys.executable, "-m", "bench.serving.load", kind, str(PORT), str(root / f"{kind}.body"), str(clients),
             str(SECONDS), str(CLIENT_CORE)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    values: Record = json.loads(found.stdout)
    return values


def loop(number: int) -> Record:
    """Images a second that decoding and the model reach alone on the server's core."""
    del number
    os.sched_setaffinity(0, {SERVER_CORE})
    from registry.store.models import champion

    found = champion("solar")
    if found is None:
        raise BenchError("no champion of solar")
    package, content = found.load(), (load_settings().root / "regraft.body").read_bytes()
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        package.predict(np.stack([package.transform.decode(content) for _ in range(32)]))
        done += 32
    return {"value": done / (time.perf_counter() - begun)}


@contextmanager
def _server(kind: str, root: Path) -> Iterator[None]:
    facts = json.loads((root / "peer.json").read_text(encoding="utf-8"))
    model, size = str(facts["model"]), str(facts["size"])
    python, mine = root / "peers" / "bin", [str(PORT)]
    commands = {
        "regraft": [str(SCRIPTS / "regraft"), "serve", "solar", "--port", *mine],
        "litserve": [str(python / "python"), str(PEERS / "litserve_service.py"), model, size, *mine],
        "bentoml": [str(python / "bentoml"), "serve", "bentoml_service:Cells", "--host", "127.0.0.1", "--port", *mine],
        "mlflow": [str(SCRIPTS / "mlflow"), "models", "serve", "-m", "models:/solar/1", "--env-manager", "local",
                   "--host", "127.0.0.1", "--workers", "1", "--port", *mine],
    }  # fmt: skip
    tracking = load_settings().tracking_uri
    env = {**os.environ, "REGRAFT_THREADS": "1", "OMP_NUM_THREADS": "1", "MODEL": model, "SIZE": size}
    env |= {"MLFLOW_TRACKING_URI": tracking, "MLFLOW_REGISTRY_URI": tracking}
    env["PATH"] = f"{SCRIPTS}{os.pathsep}{env['PATH']}"  # MLflow starts uvicorn by its name
    content, folder = (root / f"{kind}.body").read_bytes(), PEERS if kind == "bentoml" else root
    with running(commands[kind], lambda: _answers(kind, content), log=root / f"{kind}.log", env=env, folder=folder):
        yield


def _answers(kind: str, content: bytes) -> bool:
    return listens(PORT) and load(kind, PORT, content, 1, 0.01)["failed"] == 0


def prepare(root: Path) -> None:
    """A project with a champion, the peers' environment, and what is sent to each side."""
    env = make_project(root)
    venv.create(root / "peers", with_pip=True)
    subprocess.run([str(root / "peers" / "bin" / "python"), "-m", "pip", "install", "-q", *NEEDS], check=True)
    image = next(write_image_folder(root / "cells", 1).rglob("*.png")).read_bytes()
    told = subprocess.run([sys.executable, "-c", TELL], cwd=root, env=env, check=True, capture_output=True, text=True)
    model, size = told.stdout.split()
    (root / "peer.json").write_text(json.dumps({"model": model, "size": int(size)}), encoding="utf-8")
    for kind in PATHS:
        (root / f"{kind}.body").write_bytes(image)
    subprocess.run([sys.executable, "-c", ARRAY], cwd=root, env=env, check=True)


def make_project(root: Path, domain: str = "solar") -> dict[str, str]:
    """A project whose champion of a domain is its first version; the environment of its commands."""
    from flows.project.init import init_project

    init_project(root)
    shutil.copy(Path("domains") / f"{domain}.yaml", root / "domains")
    env = {**os.environ, "REGRAFT_ROOT": str(root)}  # not of this process, which keeps its results elsewhere
    subprocess.run([str(SCRIPTS / "regraft"), "retrain", domain], cwd=root, env=env, check=True)
    return env


TELL = """
from registry.store.models import champion
found = champion("solar")
print(found.folder / "model.onnx", found.load().transform.spec.size)
"""
ARRAY = """
import json, pathlib
from registry.store.models import champion
spec = champion("solar").load().transform
array = spec.decode(pathlib.Path("regraft.body").read_bytes())
pathlib.Path("mlflow.body").write_text(json.dumps({"inputs": [array.tolist()]}))
"""


def cells(rounds: int = 3) -> list[Cell]:
    """Every side once, then again."""
    planned = []
    for number in range(rounds):
        planned.append(Cell("services", f"loop/{number}", "bench.serving.services:loop", {"number": number}, 1))
        planned += [
            Cell("services", f"{kind}/{clients}/{number}", "bench.serving.services:served", {
                "kind": kind, "clients": clients, "number": number
            }, 1)
            for clients in CLIENTS for kind in LABELS
        ]  # fmt: skip
    return planned


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about services."""
    rounds = sum(name.startswith("loop/") for name in results)
    text = (
        "One package of `solar` (EfficientNet-Lite0 at 224 px), one image a request. Each server has one core, the "
        f"client another; 10 s at each number of clients, medians of {rounds} round(s). Ratios are of images a second. "
        '"A loop" is decoding and the model in batches of 32 on the same core, without a network.'
    )
    head = ("clients", "side", "images/s", "p50 ms", "p99 ms", "not answered", "Regraft : side")
    rows = [_row(results, clients, kind) for clients in CLIENTS for kind in LABELS]
    alone = [record["values"]["value"] for name, record in results.items() if name.startswith("loop/")]
    reached = _median(results, f"regraft/{CLIENTS[-1]}", "value")
    share = f"{100 * reached / middle(alone):.0f}% of it" if alone and reached else NOT_RUN
    most = decimals(middle(alone)) if alone else NOT_RUN
    told = f"A loop: {most} images/s; Regraft at {CLIENTS[-1]} clients: {share}."
    return f"{text}\n\n{table(head, rows)}\n\n{told}"


def _row(results: Results, clients: int, kind: str) -> tuple[str, ...]:
    found = [_median(results, f"{kind}/{clients}", key) for key in ("value", "p50_ms", "p99_ms", "failed")]
    ours = _median(results, f"regraft/{clients}", "value")
    if found[0] is None:
        return (str(clients), LABELS[kind], NOT_RUN, "", "", "", "")
    ratio = f"{ours / found[0]:.2f}" if ours and kind != "regraft" else ""
    return (str(clients), LABELS[kind], *(decimals(one or 0.0) for one in found), ratio)


def _median(results: Results, name: str, key: str) -> float | None:
    values = [record["values"][key] for known, record in results.items() if known.startswith(f"{name}/")]
    return middle(values) if values else None


@click.command(context_settings={"show_default": True})
@click.option("--rounds", default=3, help="How often every side is measured.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(rounds: int, again: bool) -> None:
    """Measures all sides in turn, in one temporary project."""
    planned = cells(rounds)
    if not again and all(map(is_known, planned)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-services-") as folder:
        prepare(Path(folder))
        run_cells(planned, again=again, root=Path(folder))


if __name__ == "__main__":
    bench_main(main)
