"""One process with the threads of two cores, or two with those of one each; `python -m bench.serving.workers`.

Both ways get both cores of the machine, and so do the clients: two processes of 32, all at the one service or one at
each of the two. They send a solar cell of 300 by 300 pixels as a PNG. The ways are measured in turn.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, middle, table
from bench.serving.load import load
from bench.serving.servers import PORT, SCRIPTS, listens, running
from bench.serving.services import make_project
from bench.training.images import write_image_folder
from settings.machine import load_settings

CORES, CLIENTS, SECONDS, PROCESSES = "0,1", 32, 15.0, (1, 2)


def served(processes: int, number: int) -> Record:
    """What so many services answer together to all clients; `number` is the round."""
    del number
    root = load_settings().root
    content = (root / "cell.png").read_bytes()
    env = {**os.environ, "REGRAFT_THREADS": str(2 // processes), "OMP_NUM_THREADS": str(2 // processes)}
    ports = [PORT + place for place in range(processes)]
    with ExitStack() as stack:
        for port in ports:
            command = [str(SCRIPTS / "regraft"), "serve", "solar", "--port", str(port)]
            log = root / f"serve-{port}.log"
            there = partial(answers, port, content)
            stack.enter_context(running(command, there, log=log, env=env, folder=root, cores=CORES))
        found = asked(ports, root / "cell.png")
    return {
        "value": sum(one["value"] for one in found), "p99_ms": max(one["p99_ms"] for one in found),
        "failed": sum(one["failed"] for one in found),
    }  # fmt: skip


def asked(ports: Sequence[int], body: Path) -> list[dict[str, float]]:
    """What each of the two processes of clients met."""
    command = [sys.executable, "-m", "bench.serving.load", "regraft"]
    sent = [str(body), str(CLIENTS), str(SECONDS), CORES]
    callers = [
        subprocess.Popen([*command, str(port), *sent], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        for port in (ports[0], ports[-1])
    ]
    return [json.loads(caller.communicate()[0]) for caller in callers]


def answers(port: int, content: bytes) -> bool:
    """Whether a service answers there by now."""
    return listens(port) and load("regraft", port, content, 1, 0.01)["failed"] == 0


def prepare(root: Path) -> None:
    """A project with a champion, and what is sent."""
    make_project(root)
    (root / "cell.png").write_bytes(next(write_image_folder(root / "cells", 1).rglob("*.png")).read_bytes())


def cells(rounds: int = 3) -> list[Cell]:
    """Both ways once, then again."""
    return [
        Cell("workers", f"{processes}/{number}", "bench.serving.workers:served", {
            "processes": processes, "number": number
        })
        for number in range(rounds) for processes in PROCESSES
    ]  # fmt: skip


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about processes that share the cores."""
    text = (
        "`regraft serve` with `solar` (EfficientNet-Lite0 at 224 px) on two cores that it shares with its 64 clients: "
        "one process with two threads of ONNX Runtime, or two, each on a port of its own, with one. Medians of the "
        "rounds; p99 is the worse one of the two."
    )
    head = ("processes", "images/s", "p99 ms", "not answered", "rounds")
    return f"{text}\n\n{table(head, [_row(results, processes) for processes in PROCESSES])}"


def _row(results: Results, processes: int) -> tuple[str, ...]:
    found = [record["values"] for name, record in results.items() if name.startswith(f"{processes}/")]
    if not found:
        return str(processes), NOT_RUN, "", "", ""
    values = [decimals(middle(one[key] for one in found)) for key in ("value", "p99_ms", "failed")]
    return str(processes), *values, str(len(found))


@click.command(context_settings={"show_default": True})
@click.option("--rounds", default=3, help="How often both ways are measured.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(rounds: int, again: bool) -> None:
    """Measures both ways in turn, in one temporary project."""
    planned = cells(rounds)
    if not again and all(map(is_known, planned)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-workers-") as folder:
        prepare(Path(folder))
        run_cells(planned, again=again, root=Path(folder))


if __name__ == "__main__":
    bench_main(main)
