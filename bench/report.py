"""The report: docs/benchmarks.md from the results of the cells; `python -m bench.report`."""

import importlib
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from bench.measure import Record, bench_main, read_record
from data.stores.atomic import write_text
from settings.machine import load_settings

Results = dict[str, Record]
NOT_RUN = "not run"
# By the folder of its results, a benchmark: a module with `section(results) -> str`, its part of the page, and a title.
BENCHMARKS = {
    "elpv": ("training.elpv", "ELPV solar cells"),
    "fashion": ("training.fashion", "Fashion-MNIST"),
    "refit": ("training.refit", "Refit of the head on small data"),
    "gpu": ("training.gpu", "GPU"),
    "speed": ("training.speed", "Speed"),
    "growth": ("training.growth", "Cost growth"),
    "loop": ("training.loop", "The loop, step by step"),
    "services": ("serving.services", "Services"),
    "workers": ("serving.workers", "One process or several"),
    "swaps": ("serving.swaps", "Swaps and soak"),
    "bulk": ("serving.bulk", "Many files"),
    "int8": ("serving.int8", "int8"),
    "gate": ("gate.rates", "The gate's error rates"),
    "canary": ("gate.canary", "What becomes of canaries"),
    "rates": ("monitoring.rates", "False alarms of the drift check"),
    "power": ("monitoring.power", "What the drift check finds"),
    "estimates": ("monitoring.estimates", "Harm with and without labels"),
    "year": ("year.ways", "A model's year in fast motion"),
}
HEAD = """# Benchmarks

Made by `python -m bench.report` from measurements; every number has a JSON file behind it. Each cell was measured in a
process of its own; what was not measured says so. "Peak MB" is the most memory that this process ever held. "With
workers" adds the processes that it started; it is looked at every two seconds, and pages that several processes share
count in part, so it can be the smaller one.
"""


def load_results(bench: str) -> Results:
    """Every result of a benchmark by the name of its cell.

    Raises:
        BenchError: a file is no result of a cell.
    """
    folder = load_settings().home / "bench" / bench
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.json"))}
    return {name: record for name, path in found.items() if (record := read_record(path)) is not None}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_chapter(name) for name in BENCHMARKS)])


def _chapter(name: str) -> str:
    module, title = BENCHMARKS[name]
    results = load_results(name)
    section: str = importlib.import_module(f"bench.{module}").section(results)
    return f"## {title}\n\n{_origin(results)}\n\n{section}\n"


def _origin(results: Results) -> str:
    """Machines, dates and revisions that the results come from."""
    machines = [record["machine"] for record in results.values()]
    if not machines:
        return f"Machine and date: {NOT_RUN}."
    threads = sorted({str(record["threads"]) for record in results.values()})
    hardware = {f"{one['cores']} cores of {one['cpu']}, {one['memory_gib']} GiB, {one['system']}" for one in machines}
    versions = {f"Python {one['python']}, torch {one['torch']}, timm {one['timm']}" for one in machines}
    dates, revisions = sorted({one["date"] for one in machines}), sorted({one["revision"] for one in machines})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    on = f"{'; '.join(sorted(hardware))}; threads: {', '.join(threads)}"
    return f"Measured on {on}. {'; '.join(sorted(versions))}. {when}, revision {', '.join(revisions)}."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def decimals(value: float) -> str:
    """Three figures that count, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


@click.command(context_settings={"show_default": True})
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs/benchmarks.md"), help="The page.")
def main(output: Path) -> None:
    """Writes the page of all benchmarks."""
    write_text(output, page())
    click.echo(f"wrote {output}")


if __name__ == "__main__":
    bench_main(main)
