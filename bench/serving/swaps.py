"""Swaps under load, and a soak of Regraft's service; `python -m bench.serving.swaps`.

The server has the first core of the machine, the clients the second. Two versions of `solar`, by other recipes,
take each other's place in the ledger while clients send one cell; each answer's probabilities are held against those
that the version which it names gives of the cell alone. The soak sends at a share of the rate that eight clients reach,
whether answers come or not, and looks at the server's memory and descriptors every second.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import psutil
import statsmodels.api as sm

from bench.errors import BenchError
from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, table
from bench.serving.clients import CLOSE, Clients, Target, figures, swap
from bench.serving.servers import CLIENT_CORE, PORT, SCRIPTS, running
from bench.serving.services import make_project
from bench.training.images import write_image_folder
from settings.machine import load_settings

DOMAIN, VERSIONS = "solar", (1, 2)
STILL = 60.0  # seconds without swaps, before and after
WARM = 60.0  # of a soak, in which caches fill
LAGS = 60  # looks at the memory that are taken to depend on each other
HOUR = 3600


def swapped(count: int, clients: int) -> Record:
    """What clients meet while versions are swapped so often, and while they are not."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    from registry.ledger.ledger import Change, Ledger

    ledger = Ledger(load_settings().ledger)

    def put(before: int, after: int) -> None:
        ledger.append(Change(DOMAIN, "promote", before, after, "bench", "swap", evidence="", dataset_version=""))

    with _served() as (target, _), Clients(target, clients) as sending:
        time.sleep(STILL)
        begun = time.perf_counter()
        swap(count, VERSIONS, put, _serving)
        ended = time.perf_counter()
        time.sleep(STILL)
    during = figures([one for one in sending.asked if begun <= one.due < ended])
    still = figures([one for one in sending.asked if not begun <= one.due < ended])
    return {"value": during["p99_ms"], "seconds": ended - begun, "during": during, "still": still}


def soaked(seconds: float, share: float) -> Record:
    """Memory, descriptors and answers of a service that is under a share of its load for so long."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    with _served() as (target, server):
        with Clients(target, 8) as most:
            time.sleep(20)
        rate = share * len(most.asked) / 20
        with Clients(target, 32, rate) as sending:
            time.sleep(WARM)
            looks = list(_looks(psutil.Process(server), seconds))
    memory, descriptors = np.array(looks).T
    slope, low, high = slope_of(memory)
    return {
        "value": slope, "low": low, "high": high, "rate": rate, "memory_mb": float(memory.mean()),
        "descriptors_first": float(descriptors[0]), "descriptors_most": float(descriptors.max()),
        "descriptors_last": float(descriptors[-1]), "asked": figures(sending.asked),
    }  # fmt: skip


def slope_of(memory: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[float, float, float]:
    """MB an hour by least squares of a look a second, and its 95 % interval.

    Neighbouring looks are alike, so that the interval is Newey and West's (1987, Econometrica 55:703).
    """
    time_of = sm.add_constant(np.arange(len(memory)) / HOUR)
    found = sm.OLS(memory, time_of).fit(cov_type="HAC", cov_kwds={"maxlags": min(LAGS, len(memory) // 4)})
    low, high = found.conf_int()[1]
    return float(found.params[1]), float(low), float(high)


def _looks(server: psutil.Process, seconds: float) -> Iterator[tuple[float, float]]:
    """Resident MB and open descriptors, once a second."""
    begun = time.perf_counter()
    for number in range(int(seconds)):
        time.sleep(max(0.0, begun + number - time.perf_counter()))
        yield server.memory_info().rss / 2**20, float(server.num_fds())


@contextmanager
def _served() -> Iterator[tuple[Target, int]]:
    """The service on its core, of which the first version answers; what is asked, and its process."""
    root = load_settings().root
    command = [str(SCRIPTS / "regraft"), "serve", DOMAIN, "--port", str(PORT)]
    env = {**os.environ, "REGRAFT_THREADS": "1", "OMP_NUM_THREADS": "1"}
    content = (root / "cell.png").read_bytes()
    said = {int(version): told for version, told in json.loads((root / "said.json").read_text()).items()}
    if np.allclose(said[VERSIONS[0]], said[VERSIONS[1]], atol=10 * CLOSE):
        raise BenchError("both versions say the same of the cell; train another")
    with running(command, lambda: _serving() == VERSIONS[0], log=root / "serve.log", env=env, folder=root) as server:
        yield Target(PORT, DOMAIN, content, said), server


def _serving() -> int:
    """The version that answers; 0 where none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/v1/{DOMAIN}/model", timeout=60) as answer:
            return int(json.load(answer)["version"])
    except OSError:
        return 0


def prepare(root: Path) -> None:
    """A project with two versions of solar, a cell, and what each says of it."""
    env = make_project(root)
    subprocess.run([str(SCRIPTS / "regraft"), "train", DOMAIN, "--recipe", "prototype"], cwd=root, env=env, check=True)
    cell = next(write_image_folder(root / "cells", 1).rglob("*.png"))
    (root / "cell.png").write_bytes(cell.read_bytes())
    told = subprocess.run([sys.executable, "-c", TELL], cwd=root, env=env, check=True, capture_output=True, text=True)
    (root / "said.json").write_text(told.stdout)


TELL = """
import json, pathlib
from registry.store.models import model_version
content, said = pathlib.Path("cell.png").read_bytes(), {}
for version in (1, 2):
    package = model_version("solar", version).load()
    answer, _ = package.predict(package.transform.decode(content)[None])
    said[version] = answer[package.headline][0].tolist()
print(json.dumps(said))
"""


def cells(count: int = 200, clients: int = 32, seconds: float = 600.0) -> list[Cell]:
    """The swaps and the soak."""
    sent, soaks = {"count": count, "clients": clients}, {"seconds": seconds, "share": 0.8}
    return [
        Cell("swaps", f"swaps/{count}x{clients}", "bench.serving.swaps:swapped", sent, 1),
        Cell("swaps", f"soak/{seconds:.0f}", "bench.serving.swaps:soaked", soaks, 1),
    ]


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about swaps and soaks."""
    text = (
        "`regraft serve` with `solar` (EfficientNet-Lite0 at 224 px) on one core, its clients on another. Two versions "
        "take each other's place in the ledger, each as soon as the one before it answers: the package is verified, "
        "warmed and asked for its golden samples on the same core. Mixed is an answer whose probabilities are not "
        "those of the version that it names."
    )
    swaps = [_swap_row(name, record["values"]) for name, record in results.items() if name.startswith("swaps/")]
    head = ("swaps", "clients", "seconds", "answers", "failed", "mixed", "p50 ms", "p99 ms", "p99 ms without swaps")
    soaks = [_soak_row(name, record["values"]) for name, record in results.items() if name.startswith("soak/")]
    soak = (
        "The soak: 80% of what eight clients reach, sent whether answers come or not; after a minute, resident memory "
        "and open descriptors every second. The slope is by least squares, its 95% interval Newey and West's."
    )
    soak_head = (
        "seconds",
        "requests/s",
        "failed",
        "p99 ms",
        "MB",
        "MB an hour (95%)",
        "descriptors: first, most, last",
    )
    swaps, soaks = swaps or [(NOT_RUN, *[""] * (len(head) - 1))], soaks or [(NOT_RUN, *[""] * (len(soak_head) - 1))]
    return f"{text}\n\n{table(head, swaps)}\n\n{soak}\n\n{table(soak_head, soaks)}"


def _swap_row(name: str, values: Record) -> tuple[str, ...]:
    count, _, clients = name.removeprefix("swaps/").partition("x")
    during, still = values["during"], values["still"]
    answers = during["sound"] + during["mixed"] + still["sound"] + still["mixed"]
    counts = [f"{one:.0f}" for one in (answers, during["failed"] + still["failed"], during["mixed"] + still["mixed"])]
    times = [decimals(one) for one in (during["p50_ms"], during["p99_ms"], still["p99_ms"])]
    return count, clients, decimals(values["seconds"]), *counts, *times


def _soak_row(name: str, values: Record) -> tuple[str, ...]:
    slope = f"{values['value']:+.2f} ({values['low']:+.2f} to {values['high']:+.2f})"
    descriptors = ", ".join(f"{values[f'descriptors_{when}']:.0f}" for when in ("first", "most", "last"))
    asked = values["asked"]
    times = [
        decimals(values["rate"]),
        f"{asked['failed']:.0f}",
        decimals(asked["p99_ms"]),
        decimals(values["memory_mb"]),
    ]
    return name.removeprefix("soak/"), *times, slope, descriptors


@click.command(context_settings={"show_default": True})
@click.option("--count", default=200, help="How often versions are swapped.")
@click.option("--clients", default=32, help="How many send meanwhile.")
@click.option("--seconds", default=600.0, help="How long the soak is.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(count: int, clients: int, seconds: float, again: bool) -> None:
    """Measures swaps under load and a soak, in one temporary project."""
    planned = cells(count, clients, seconds)
    if not again and all(map(is_known, planned)):
        return
    with tempfile.TemporaryDirectory(prefix="regraft-swaps-") as folder:
        prepare(Path(folder))
        run_cells(planned, again=again, root=Path(folder))


if __name__ == "__main__":
    bench_main(main)
