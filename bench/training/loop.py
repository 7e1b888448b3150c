"""Where the time of `regraft retrain` goes, step by step, as Prefect recorded it; `python -m bench.training.loop`.

One temporary project: a first retrain, three of unchanged data without a server, three beside a running `regraft up`.
Each is the whole command in a process of its own. What no step accounts for is the start: of Python, of the libraries,
of a Prefect server where none runs.
"""

import math
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bench.errors import BenchError
from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, middle, table
from settings.machine import load_settings

DOMAINS = ("solar", "digits")
RUNS = {"first": "first retrain", "unchanged": "unchanged data", "served": "unchanged data, beside `regraft up`"}
REPEATS = {"first": 1, "unchanged": 3, "served": 3}
STEPS = {
    "prepare": ("ingest", "validate", "preprocess", "embed"),
    "train": ("open", "find", "train"),
    "package": ("package", "describe", "register"),
    "judge": ("evaluate", "gate", "promote", "unchanged", "conclude"),
    "stress": ("stress",),
}
OTHER, ANSWER = "start and the rest", "to the answer"
OUTCOME = " outcome "
PORTS = {"REGRAFT_PREFECT_PORT": "14260", "REGRAFT_MLFLOW_PORT": "14261", "REGRAFT_SERVING__PORT": "14262"}
PATIENCE = 120
REGRAFT = str(Path(sys.executable).parent / "regraft")
QUERY = """
select t.name, (julianday(t.end_time) - julianday(t.start_time)) * 86400 from task_run t join flow_run f
on f.id = t.flow_run_id where f.id = (select id from flow_run order by start_time desc limit 1)
"""


def retrain(domain: str, run: str, repeat: int) -> dict[str, float]:
    """Seconds of the command as a whole and of each kind of step."""
    root = load_settings().root
    with _server(root) if run == "served" else _none():
        seconds, answered = clocked([REGRAFT, "retrain", domain], root)
    steps = last_steps(root / ".regraft" / "prefect" / "prefect.db")
    return {"value": seconds, ANSWER: answered, **steps, OTHER: seconds - sum(steps.values())}


def clocked(command: list[str], root: Path) -> tuple[float, float]:
    """Seconds until a command has ended, and until it had printed its outcome.

    Raises:
        BenchError: it failed, or printed none.
    """
    started = time.perf_counter()
    with (
        (root / "told.log").open("w") as told,
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=told, text=True) as process,
    ):
        lines = iter(process.stdout or ())
        answered = next((time.perf_counter() - started for line in lines if OUTCOME in line), math.nan)
        process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 3) or math.isnan(answered):  # HOLD is an outcome, too
        told_last = (root / "told.log").read_text(encoding="utf-8").strip().splitlines()[-1:]
        raise BenchError(f"{' '.join(command)} failed: {told_last}")
    return seconds, answered


def last_steps(database: Path) -> dict[str, float]:
    """Seconds of each kind of step in the newest flow run of a Prefect database."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(QUERY).fetchall()
    spent = dict.fromkeys(STEPS, 0.0)
    for name, seconds in rows:
        kind = next((step for step, begins in STEPS.items() if str(name).split()[0] in begins), None)
        if kind is not None:
            spent[kind] += seconds
    return spent


@contextmanager
def _none() -> Iterator[None]:
    yield


@contextmanager
def _server(root: Path) -> Iterator[None]:
    """`regraft up` on ports of its own."""
    with subprocess.Popen([REGRAFT, "up"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as up:
        try:
            _wait_for(up)
            yield
        finally:
            up.terminate()


def _wait_for(up: "subprocess.Popen[bytes]") -> None:
    from flows.process.environment import answers

    deadline = time.monotonic() + PATIENCE
    while not answers(f"http://127.0.0.1:{PORTS['REGRAFT_PREFECT_PORT']}/api/health"):
        if up.poll() is not None or time.monotonic() > deadline:
            raise BenchError("`regraft up` does not answer")
        time.sleep(1)
    time.sleep(10)  # its own start is over


def chain(domain: str) -> list[Cell]:
    """All retrains of one domain in their order."""
    return [
        Cell(
            "loop",
            f"{domain}/{run}/{number}",
            "bench.training.loop:retrain",
            {"domain": domain, "run": run, "repeat": number},
        )
        for run, repeats in REPEATS.items()
        for number in range(repeats)
    ]


def measure_chain(domain: str, *, again: bool = False) -> None:
    """Measures a chain from its start unless all of it is known."""
    cells = chain(domain)
    if not again and all(map(is_known, cells)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-loop-") as folder:
        from flows.project.init import init_project

        root = Path(folder)
        init_project(root)
        (root / ".env").write_text("\n".join(f"{name}={port}" for name, port in PORTS.items()), encoding="utf-8")
        shutil.copy(Path("domains") / f"{domain}.yaml", root / "domains")
        run_cells(cells, again=True, root=root)


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about the loop."""
    text = (
        "`regraft retrain` as a command, in seconds by the clock, medians of three where nothing has changed; `solar` "
        "is 1,074 monocrystalline cells at 224 px, `digits` 1,797 digits at 32 px, both by `linear_probe`. The answer "
        "is what became of the version and how good it is; the stress test runs when that is printed. Steps are "
        'what Prefect recorded of its tasks; "start and the rest" is what no step accounts for: Python, imports, the '
        "Prefect server where none runs, and in a first retrain the tables of its database and of MLflow's."
    )
    head = ("domain", "run", "seconds", ANSWER, *STEPS, OTHER)
    rows = [_row(results, domain, run) for domain in DOMAINS for run in RUNS]
    return f"{text}\n\n{table(head, rows)}"


def _row(results: Results, domain: str, run: str) -> tuple[str, ...]:
    known: list[Record] = [record for name, record in results.items() if name.startswith(f"{domain}/{run}/")]
    if not known:
        return domain, RUNS[run], NOT_RUN, *[""] * (len(STEPS) + 2)
    columns = ("value", ANSWER, *STEPS, OTHER)
    return domain, RUNS[run], *(decimals(middle(one["values"][name] for one in known)) for name in columns)


@click.command(context_settings={"show_default": True})
@click.option("--domains", multiple=True, type=click.Choice(DOMAINS), default=DOMAINS, help="Domains to retrain.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(domains: tuple[str, ...], again: bool) -> None:
    """Measures where the time of a retrain goes; known chains are not measured again."""
    for domain in domains:
        measure_chain(domain, again=again)


if __name__ == "__main__":
    bench_main(main)
