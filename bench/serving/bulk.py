"""`regraft score` over many files: what memory it takes; `python -m bench.serving.bulk`.

The files are 100,000 pictures of 8 by 8 pixels in ten folders. Of one folder and of all of them the command is run as a
person would; its peak is that of the process that scores, without the Prefect server beside it.
"""

import io
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

from bench.errors import BenchError
from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, table
from bench.serving.servers import SCRIPTS
from bench.serving.services import make_project
from settings.machine import load_settings

FOLDERS, EACH, DOMAIN = 10, 10_000, "digits"
LAST = "select length(parameters) from flow_run where name = ? order by start_time desc limit 1"


def scored(files: int) -> Record:
    """Peak memory of the command in MB, files a second, and bytes of the flow run's parameters."""
    root = load_settings().root
    named = root / "files" / "0" if files == EACH else root / "files"
    command = [str(SCRIPTS / "regraft"), "score", DOMAIN, str(named), "--output", str(root / "said.csv")]
    begun, peak = time.perf_counter(), 0.0
    with (root / "score.log").open("wb") as log, subprocess.Popen(command, cwd=root, stdout=log, stderr=log) as process:
        while process.poll() is None:
            peak = max(peak, high_water(process.pid))
            time.sleep(0.2)
    if process.returncode or (rows := lines_of(root / "said.csv") - 1) != files:
        raise BenchError(f"{files} files were not scored; see {root / 'score.log'}")
    with sqlite3.connect(root / ".regraft" / "prefect" / "prefect.db") as database:
        (told,) = database.execute(LAST, (f"score {DOMAIN}",)).fetchone()
    return {"value": peak, "files": rows, "rate": files / (time.perf_counter() - begun), "parameters": told}


def high_water(process: int) -> float:
    """Most MB that a process held so far; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM")), 0.0)


def lines_of(path: Path) -> int:
    """Lines of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def prepare(root: Path) -> None:
    """A project with a champion of digits, and the files: each a little other, so that each is a sample of its own."""
    make_project(root, DOMAIN)
    random = np.random.default_rng(0)
    for number in range(FOLDERS * EACH):
        folder = root / "files" / str(number // EACH)
        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(buffer, "PNG")
        (folder / f"{number:06d}.png").write_bytes(buffer.getvalue())


def cells() -> list[Cell]:
    """One folder, and all."""
    return [Cell("bulk", f"{files}", "bench.serving.bulk:scored", {"files": files}) for files in (EACH, FOLDERS * EACH)]


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about many files."""
    text = (
        "`regraft score digits FOLDER --output said.csv`, logged, pictures of 8 by 8 pixels. The peak is that of the "
        "process that scores, which at the end merges the files of the log where they are more than 32, one after the "
        "other into files of 64 MB. What travels as a parameter of the flow is the folder's name."
    )
    head = ("files", "peak MB", "files/s", "bytes of parameters")
    rows = [_row(results, files) for files in (EACH, FOLDERS * EACH)]
    peaks = [results[str(files)]["values"]["value"] for files in (EACH, FOLDERS * EACH) if str(files) in results]
    more = (peaks[1] - peaks[0]) * 2**20 / ((FOLDERS - 1) * EACH) if len(peaks) > 1 else None
    told = NOT_RUN if more is None else f"{more:.0f} bytes"
    return f"{text}\n\n{table(head, rows)}\n\nMemory for each further file: {told}."


def _row(results: Results, files: int) -> tuple[str, ...]:
    if str(files) not in results:
        return f"{files:,}", NOT_RUN, "", ""
    values = results[str(files)]["values"]
    return f"{files:,}", decimals(values["value"]), decimals(values["rate"]), str(values["parameters"])


@click.command(context_settings={"show_default": True})
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(again: bool) -> None:
    """Measures the command on 10,000 and on 100,000 files, in one temporary project."""
    planned = cells()
    if not again and all(map(is_known, planned)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-bulk-") as folder:
        prepare(Path(folder))
        run_cells(planned, again=again, root=Path(folder))


if __name__ == "__main__":
    bench_main(main)
