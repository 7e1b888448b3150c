"""Measure the cells of a benchmark, each in a process of its own; what came out is one JSON file a cell.

`python -m bench.measure FUNCTION PARAMETERS OUTPUT` is the process of one cell. A cell whose file exists with the same
parameters is not measured again, so a benchmark that was stopped goes on where it was.
"""

import json
import os
import pkgutil
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.errors import BenchError
from bench.machine import machine_facts
from data.stores.atomic import write_text
from flows.process.environment import QUIET
from settings.errors import RegraftError
from settings.machine import load_settings

Record = dict[str, Any]
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Cell:
    """One measurement: a function, named `module:function`, that takes the parameters and returns named numbers."""

    bench: str
    name: str
    function: str
    parameters: dict[str, Any]
    threads: int = 2

    @property
    def path(self) -> Path:
        """Where the result lies."""
        return load_settings().home / "bench" / self.bench / f"{self.name}.json"


def chosen(names: str, known: Collection[str]) -> list[str]:
    """The comma-separated names.

    Raises:
        BenchError: one of them is not known.
    """
    found = [name.strip() for name in names.split(",")]
    for name in found:
        if name not in known:
            raise BenchError(f"{name!r} is none of {', '.join(known)}; name one or several of these")
    return found


def run_cells(cells: Sequence[Cell], *, again: bool = False, root: Path | None = None) -> None:
    """Measures what is not known yet and shows how far it has come; a cell that fails does not stop the others.

    Raises:
        BenchError: cells failed; each is named with its fault.
    """
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    faults: list[str] = []
    columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns) as progress:
        bar = progress.add_task("", total=len(cells))
        for cell in cells:
            progress.update(bar, description=f"{cell.bench}/{cell.name}")
            faults += _fault(cell, again=again, root=root)
            progress.advance(bar)
    if faults:
        raise BenchError(" | ".join(faults))


def _fault(cell: Cell, *, again: bool, root: Path | None) -> list[str]:
    """Measures a cell; what went wrong, if anything."""
    try:
        run_cell(cell, again=again, root=root)
    except BenchError as error:
        return [str(error)]
    return []


def run_cell(cell: Cell, *, again: bool = False, root: Path | None = None) -> Record:
    """Measures a cell in a child process unless its result is known already; `again` measures in any case.

    The child's project root is `root`, or an empty folder that goes afterwards. The record holds the values that the
    function returned, its seconds, the peak memory in MB of the child and of all its processes together, and the
    machine.

    Raises:
        BenchError: the child failed; the text is its last line.
        StorageError: the result cannot be written.
    """
    known = read_record(cell.path)
    if known is not None and not again and _is_of(known, cell):
        return known
    with tempfile.TemporaryDirectory(prefix="regraft-bench-") as temporary:
        measured = _measure(cell, Path(temporary), root or Path(temporary))
    record = {**asdict(cell), **measured, "machine": machine_facts()}
    write_text(cell.path, json.dumps(record, indent=1))
    return record


def is_known(cell: Cell) -> bool:
    """Whether the cell has a result with its present function, parameters and threads."""
    known = read_record(cell.path)
    return known is not None and _is_of(known, cell)


def read_record(path: Path) -> Record | None:
    """A cell's result; None where it was not measured.

    Raises:
        BenchError: the file is no result of a cell.
    """
    if not path.exists():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BenchError(f"{path}: no result of a cell ({error}); delete it and measure again") from error


def _is_of(record: Record, cell: Cell) -> bool:
    wanted = json.loads(json.dumps(asdict(cell)))  # tuples become the lists that the file holds
    return all(record.get(name) == value for name, value in wanted.items())


def _measure(cell: Cell, temporary: Path, root: Path) -> Record:
    output, log = temporary / "measured.json", cell.path.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.measure", cell.function, json.dumps(cell.parameters), str(output)]
    with log.open("w") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=subprocess.STDOUT, env=_environment(cell, root))
        try:
            together = _watch(process)
        finally:
            process.kill()
    if process.returncode or not output.exists():
        last = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-1:]
        reason = last[0] if last else f"no output, exit code {process.returncode}"
        raise BenchError(f"cell {cell.bench}/{cell.name} failed: {reason}; all of it in {log}")
    return {**json.loads(output.read_text(encoding="utf-8")), "together_peak_mb": together}


def _environment(cell: Cell, root: Path) -> dict[str, str]:
    """Both sides of a comparison get the same number of threads, and no library calls home."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "REGRAFT_THREADS"), str(cell.threads))
    own = {"HF_HUB_OFFLINE": "1", "REGRAFT_ROOT": str(root.resolve()), "REGRAFT_MLFLOW_URI": ""}
    return {**os.environ, **QUIET, **own, **threads}


def _watch(process: "subprocess.Popen[bytes]") -> float:
    """Most memory in MB that the process and all below it held at one time, looked at every two seconds."""
    peak = 0.0
    while True:
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            peak = max(peak, _held(process.pid))
        else:
            return round(peak / 2**20, 1)


def _held(pid: int) -> float:
    """Bytes; pages that processes share count once where the system can tell, as Linux does."""
    try:
        first = psutil.Process(pid)
        found = [one.memory_full_info() for one in (first, *first.children(recursive=True))]
    except psutil.Error:  # one of them has just ended: the next look will do
        return 0.0
    return float(sum(getattr(one, "pss", one.rss) for one in found))


def bench_main(command: Callable[[], Any]) -> None:
    """Runs a benchmark's command line; a fault that a user can mend is one line on standard error and exit code 1."""
    try:
        command()
    except RegraftError as error:
        sys.exit(f"error: {error}")


def main(function: str, parameters: str, output: str) -> None:
    """Runs one cell's function and writes what it returned, its seconds and this process's own peak memory."""
    run = pkgutil.resolve_name(function)
    started = time.perf_counter()
    values = run(**json.loads(parameters))
    seconds = time.perf_counter() - started
    measured = {"values": values, "seconds": round(seconds, 3), "peak_mb": round(_peak(), 1)}
    write_text(Path(output), json.dumps(measured))


def _peak() -> float:
    """Most memory in MB that this process held since it began."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss begins with what the parent held when it started this process
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, others kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    main(*sys.argv[1:])
