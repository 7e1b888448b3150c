"""Speed: Regraft against named peers on the same images, weights and threads; `python -m bench.training.speed`.

A round measures every side of a comparison once, one after the other, so that all see the same load; a ratio is taken
within a round, and the median of the rounds is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import click

from bench.measure import Cell, Record, bench_main, is_known, run_cells
from bench.report import NOT_RUN, Results, decimals, middle, table

SIZES = (224, 128)
ROUNDS = 3
Rounds = list[list[Cell]]


@dataclass(frozen=True)
class Side:
    """One program in a comparison."""

    name: str
    label: str
    function: str
    peer: bool = True  # whether a ratio is taken to it


@dataclass(frozen=True)
class Comparison:
    """What is compared; the first side is the one that the ratios speak of."""

    name: str
    title: str
    text: str
    unit: str
    epochs: int
    aim: float
    sides: tuple[Side, ...]
    options: dict[str, int] = field(default_factory=dict)

    @property
    def higher_is_better(self) -> bool:
        """Whether the unit is a rate rather than a time."""
        return self.unit == "images/s"


def _partial(name: str, stages: int) -> Comparison:
    return Comparison(
        name,
        f"The activation cache, {'last stage' if stages == 1 else f'last {stages} stages'}",
        f"Recipe `partial` with `stages: {stages}` and flips, once with one cached view of every image and once "
        "without the cache. Seconds an epoch of training from the third epoch on; validation and the filling of the "
        "cache before the first epoch are not counted, but are part of the whole cell.",
        "s an epoch", 5, 5.0,
        (
            Side("cached", "with the cache (`views: 1`)", "bench.training.regraft:partial_cached", peer=False),
            Side("uncached", "without (`views: 0`)", "bench.training.regraft:partial_uncached"),
        ),
        {"stages": stages},
    )  # fmt: skip


COMPARISONS = (
    Comparison(
        "full",
        "Full fine-tuning",
        "Recipe `full` with its defaults and flips both ways. timm: its own data, loss, optimizer and scheduler, wired "
        "as its `train.py` does by default (the script is not in the wheel, so it is not run itself): SGD, random "
        "crops, flips and colour jitter, four workers or as many as there are cores. Plain Lightning: torchvision's "
        "ImageFolder, resize and the same flips as Regraft, AdamW, two workers. Neither peer uses channels_last, since "
        "neither does by default. Images a second from the second epoch on, without validation.",
        "images/s", 3, 1.5,
        (
            Side("regraft", "Regraft", "bench.training.regraft:full", peer=False),
            Side("timm", "timm's training parts", "bench.training.peers:full_timm"),
            Side("lightning", "Lightning + ImageFolder", "bench.training.peers:full_lightning"),
        ),
    ),
    _partial("partial", 2),
    _partial("partial-1", 1),
    Comparison(
        "probe",
        "Linear probe of 50 epochs",
        "Regraft: everything from image files to the trained head, with decoding, embedding, validation, checkpoints "
        "and tracking. Plain Lightning: a linear head on the frozen backbone (evaluation mode, no gradients), fed by "
        "an ImageFolder and two workers; **two epochs are measured, and the other 48 count as the second**.",
        "s", 50, 20.0,
        (
            Side("regraft", "Regraft", "bench.training.regraft:probe", peer=False),
            Side("lightning", "Lightning + ImageFolder", "bench.training.peers:probe_lightning"),
        ),
    ),
    Comparison(
        "data",
        "Data loading alone",
        "Shuffled batches, normalised to floats on both sides, from the second pass on. The last line reads the bytes "
        "alone, which is what Regraft's loader yields: its networks normalise by themselves.",
        "images/s", 10, 10.0,
        (
            Side("regraft", "Regraft's shards", "bench.training.regraft:shards", peer=False),
            Side("torchvision", "ImageFolder, two workers", "bench.training.peers:data_torchvision"),
            Side("bytes", "Regraft's shards, bytes", "bench.training.regraft:shards_as_bytes", peer=False),
        ),
    ),
)  # fmt: skip


def measuring_rounds(names: Sequence[str], sizes: Sequence[int], images: int, rounds: int, threads: int) -> Rounds:
    """The cells of every round, in the order of measuring."""
    return [
        [
            Cell(
                "speed",
                f"{chosen.name}/{size}/{side.name}/{number}",
                side.function,
                {"size": size, "images": images, "batch_size": 32, "epochs": chosen.epochs, **chosen.options},
                threads,
            )
            for side in chosen.sides
        ]
        for chosen in COMPARISONS
        if chosen.name in names
        for size in sizes
        for number in range(1, rounds + 1)
    ]


def unfinished(rounds: Rounds) -> list[Cell]:
    """The cells of rounds that are not known as a whole: a ratio of cells from different days would say nothing."""
    return [cell for cells in rounds if not all(map(is_known, cells)) for cell in cells]


def section(results: Results) -> str:
    """The part of docs/benchmarks.md about speed."""
    return "\n\n".join(_comparison(results, chosen) for chosen in COMPARISONS)


def _comparison(results: Results, chosen: Comparison) -> str:
    first = f"{chosen.sides[0].label} is … times as fast"
    head = ("side", "px", chosen.unit, "rounds", "images", "whole cell, s", "peak MB", "with workers", first)
    rows = [_row(results, chosen, side, size) for size in SIZES for side in chosen.sides]
    aim = f"Aim: {chosen.sides[0].label} at least {chosen.aim:g} times as fast."
    return f"### {chosen.title}\n\n{chosen.text} {aim}\n\n{table(head, rows)}"


def _row(results: Results, chosen: Comparison, side: Side, size: int) -> tuple[str, ...]:
    found = _rounds(results, chosen, side, size)
    if not found:
        return side.label, str(size), NOT_RUN, *[""] * 6
    return (
        side.label,
        str(size),
        decimals(middle(record["values"]["value"] for record in found.values())),
        str(len(found)),
        str(next(iter(found.values()))["parameters"]["images"]),
        decimals(middle(record["seconds"] for record in found.values())),
        f"{middle(record['peak_mb'] for record in found.values()):.0f}",
        f"{middle(record['together_peak_mb'] for record in found.values()):.0f}",
        _ratio(chosen, _rounds(results, chosen, chosen.sides[0], size), found) if side.peer else "",
    )


def _rounds(results: Results, chosen: Comparison, side: Side, size: int) -> dict[int, Record]:
    """Records of one side by the number of their round."""
    prefix = f"{chosen.name}/{size}/{side.name}/"
    return {int(name.removeprefix(prefix)): record for name, record in results.items() if name.startswith(prefix)}


def _ratio(chosen: Comparison, ours: dict[int, Record], theirs: dict[int, Record]) -> str:
    """How many times as fast the first side is: median and range over the rounds that measured both alike."""
    pairs = [
        (ours[number]["values"]["value"], record["values"]["value"])
        for number, record in theirs.items()
        if number in ours and ours[number]["parameters"] == record["parameters"]
    ]
    if not pairs:
        return NOT_RUN
    ratios = [our / their if chosen.higher_is_better else their / our for our, their in pairs]
    return f"**{decimals(middle(ratios))}** ({decimals(min(ratios))} to {decimals(max(ratios))})"


@click.command(context_settings={"show_default": True})
@click.option("--only", multiple=True, type=click.Choice([chosen.name for chosen in COMPARISONS]), help="Default: all.")
@click.option("--size", "sizes", multiple=True, type=int, default=SIZES, help="Side of the images, pixels.")
@click.option("--images", default=512, help="Training images.")
@click.option("--rounds", default=ROUNDS, help="How often every side is measured.")
@click.option("--threads", default=2, help="Threads of every side.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(only: tuple[str, ...], sizes: tuple[int, ...], images: int, rounds: int, threads: int, again: bool) -> None:
    """Measures Regraft's speed against its peers; a benchmark that was stopped goes on where it was."""
    names = only or tuple(chosen.name for chosen in COMPARISONS)
    planned = measuring_rounds(names, sizes, images, rounds, threads)
    run_cells(list(chain.from_iterable(planned)) if again else unfinished(planned), again=True)


if __name__ == "__main__":
    bench_main(main)
