"""A model's year in fast motion, retrained in five ways; `python -m bench.year.ways`.

Simulated days, real images, labels, probes, drift signals, estimates, gate and controller.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from bench.measure import Cell, Record, bench_main, run_cells
from bench.report import NOT_RUN, Results, load_results, table
from bench.training.growth import FASHION
from bench.year.course import EVERY, MONTH, REST, STRATEGIES, course_of, summary
from bench.year.world import A_DAY, DAYS, PHASES, STUCK, load_world
from settings.machine import load_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SEEDS, SMOOTH = 1, 10
LIVED = "bench.year.ways:lived"
NAMES = {
    "never": "never",
    "schedule": f"every {MONTH} days",
    "drift": "on any drift",
    "regraft": "Regraft",
    "eager": "Regraft, `retrain_on: drift`",
}
COLOURS = {"never": "#8a94a6", "schedule": "#1971c2", "drift": "#d9480f", "regraft": "#2b8a3e", "eager": "#7048e8"}
FIGURE = Path("docs/year.png")

TOLD = f"""\
Fashion-MNIST at 64 px through one camera, {A_DAY} garments a day for a year; half of the labels come back two to six
days later. The model is a logistic probe on frozen features with a temperature. A retrain learns from all labels that
have come by then, the newest 4,000 and the first 2,800. "Every {MONTH} days" and "on any drift" (Regraft's own drift
signals, at most once in {REST} days, whatever is the matter with the data) serve whatever comes of it, as pipelines
without a gate do. Regraft checks every {EVERY} days with its defaults, and once more with `retrain_on: drift`: broken
data first, drift, harm by labels and without, the controller, then the gate on the test samples that are labelled by
then; for a week the new champion is compared with the one before it. A person looks at a tripped breaker after a
week, adds the new class to the YAML once 20 labels of it have come (for all), and draws a fresh test set when ten
looks are used up. Left out: the days of the stuck camera, on which nobody can be right. "False" are retrains that
began where none could help: in quiet times, with wrong labels, a stuck camera, or easier traffic."""
READ = """\
With its defaults Regraft retrains least and is not the best: it ignores the stuck camera and the easy garments, but it
waits until labels prove that more is lost than is borne, which took three weeks of 20 labels a day when the camera was
mounted askew; twelve points that were lost in the dull seasons stayed "small" to it until they were over, the new class
as well. It took wrong labels for harm and retrained twice. Where a retrain is cheap and labels come slowly, retraining
on any drift has more accuracy. The row with `retrain_on: drift` was added once the others were known, so it is no fair
rival. These are one year and one model: no intervals, and half a point says nothing."""


def lived(images: str, strategy: str, seed: int) -> Record:
    """One year of one way to retrain."""
    world, started = load_world(load_settings().root, Path(images), seed), time.process_time()
    found = summary(course_of(world, STRATEGIES[strategy]))
    return {**found, "cpu": time.process_time() - started}


def section(results: Results) -> str:
    """The tables of the year, and the figure."""
    head = (
        "retrained",
        "accuracy over the year",
        "retrains",
        "of these false",
        "rollbacks",
        "calls for a person",
        "CPU seconds",
    )
    rows = [(name, *_row(results, strategy)) for strategy, name in NAMES.items()]
    phases = [
        (phase.name, f"{phase.first} to {phase.last}", *_phase(results, phase.name))
        for phase in PHASES
        if phase != STUCK
    ]
    drawn = [f"![Accuracy over the year]({FIGURE.name})"] if FIGURE.exists() else []
    parts = [TOLD, *drawn, table(head, rows), READ, "Accuracy by what happened:"]
    return "\n\n".join([*parts, table(("what happens", "days", *NAMES.values()), phases)])


def _row(results: Results, strategy: str) -> tuple[str, ...]:
    """Means over the seeds."""
    found = [results[name] for seed in range(SEEDS) if (name := f"{strategy}/{seed}") in results]
    if not found:
        return (NOT_RUN,) * 6
    values = [record["values"] for record in found]
    counts = [np.mean([len(one[what]) for one in values]) for what in ("retrains", "false", "rollbacks")]
    accuracy = f"{100 * np.mean([one['accuracy'] for one in values]):.1f}%"
    calls, seconds = np.mean([one["calls"] for one in values]), np.mean([one["cpu"] for one in values])
    return accuracy, *(f"{count:.3g}" for count in counts), f"{calls:.3g}", f"{seconds:.0f}"


def _phase(results: Results, name: str) -> list[str]:
    found = [
        [results[cell]["values"]["phases"][name] for seed in range(SEEDS) if (cell := f"{strategy}/{seed}") in results]
        for strategy in NAMES
    ]
    return [f"{100 * np.mean(one):.1f}%" if one else NOT_RUN for one in found]


def figure(results: Results) -> "Figure":
    """Accuracy of all over the first year, what happens, and when each retrained (bar) or rolled back (cross)."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(11, 5.5), layout="constrained")
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    for phase in PHASES:
        for axes in (above, below):
            axes.axvspan(
                phase.first, phase.last + 1, color="#2b8a3e" if phase.helps else "#d9480f", alpha=0.08, linewidth=0
            )
        above.text(
            (phase.first + phase.last) / 2,
            1.005,
            phase.name,
            rotation=25,
            fontsize=8,
            transform=above.get_xaxis_transform(),
        )
    for place, (strategy, name) in enumerate(NAMES.items()):
        if record := results.get(f"{strategy}/0"):
            _draw(above, below, place, name, COLOURS[strategy], record["values"])
    above.set_ylabel(f"accuracy, mean of {SMOOTH} days")
    above.legend(loc="lower left", ncols=len(NAMES), frameon=False)
    below.set(xlabel="day", xlim=(0, DAYS), yticks=range(len(NAMES)), yticklabels=NAMES.values(), ylabel="retrains")
    below.invert_yaxis()
    return drawn


def _draw(above: "Axes", below: "Axes", place: int, name: str, colour: str, values: Record) -> None:
    daily = np.array(values["daily"])
    daily[STUCK.first : STUCK.last + 1] = np.nan
    smooth = [np.nanmean(daily[max(0, day - SMOOTH + 1) : day + 1]) for day in range(DAYS)]
    above.plot(smooth, color=colour, linewidth=2 if name == "Regraft" else 1.2, label=name)
    below.scatter(values["retrains"], [place] * len(values["retrains"]), marker="|", color=colour, s=80)
    below.scatter(values["rollbacks"], [place] * len(values["rollbacks"]), marker="x", color=colour, s=40)


def cells(images: str) -> list[Cell]:
    """Every cell."""
    asked = [(strategy, seed) for seed in range(SEEDS) for strategy in STRATEGIES]
    return [
        Cell("year", f"{strategy}/{seed}", LIVED, {"images": images, "strategy": strategy, "seed": seed}, 1)
        for strategy, seed in asked
    ]


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, again: bool) -> None:
    """Lives through all years on one core; goes on where it was stopped; then draws the figure."""
    run_cells(cells(images), again=again, root=load_settings().home / "bench" / "year-work")
    figure(load_results("year")).savefig(FIGURE, dpi=110)


if __name__ == "__main__":
    bench_main(main)
