"""Which shifts a drift check finds, at equal false alarms; `python -m bench.monitoring.power`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.measure import Cell, Record, bench_main, run_cells
from bench.monitoring.pool import Answered
from bench.monitoring.rivals import evidently_embedding
from bench.monitoring.shifted import REFERENCE, Population, Shift, populations
from bench.monitoring.size import size_cells, size_section
from bench.monitoring.statistics import STATISTICS, Sides
from bench.report import NOT_RUN, Results, table
from bench.training.growth import FASHION
from settings.machine import load_settings

DATA = {"elpv": "ELPV", "fashion": "Fashion-MNIST"}
SIZES = {"elpv": (100, 200), "fashion": (100, 200, 500)}
LEVEL, REFERENCES, QUIET, SHIFTED = 0.05, 5, 100, 20
SLOW_QUIET, SLOW = 20, 2  # windows of each reference and shift that Evidently is asked of, which takes longest
COMPONENTS, FITTED = 64, 4000
CHECKS = {
    "regraft": ("mmd", "ks"),
    "mmd": ("mmd",),
    "ks": ("ks",),
    "bbsd": ("bbsd",),
    "evidently": ("evidently",),
    "with auc": ("mmd", "ks", "auc"),
    "with label shift": ("mmd", "ks", "label_shift"),
    "auc": ("auc",),
    "label shift": ("label_shift",),
}
SHOWN = {
    "regraft": "Regraft", "mmd": "MMD alone, as alibi-detect", "ks": "KS alone", "bbsd": "plain BBSD-KS",
    "evidently": "Evidently", "with auc": "Regraft and classifier AUC", "with label shift": "Regraft and label shift",
}  # fmt: skip
TOLD = """\
The share of shifted windows that are found by each check at a threshold that 5% of its own quiet windows exceed: at
equal false alarms, whatever each declares. Samples come one by one; references are {elpv} cells or {fashion} images.
The first table is of windows of 200, the second has the means over all shifts by size. Embedding statistics share one
PCA of 64 components over all samples. {counts}"""


def found(images: str, data: str, size: int) -> Record:
    """Share of windows that are found, by shift and check."""
    shares: Record = {}
    for number, population in enumerate(populations(load_settings().root, data, Path(images))):
        shares |= _found(population, REFERENCE[data], size, number)
    return {"found": shares}


class _Windows:
    """Statistics of windows drawn from a population, by name of the shift; empty: quiet ones."""

    def __init__(self, population: Population, size: int) -> None:
        self.population, self.size = population, size
        self.values: dict[str, list[list[float]]] = {}
        self._evidently = evidently_embedding()
        everything = [population.quiet, *(shift.samples for shift in population.shifts)]
        self._directions = _directions(np.concatenate([one.embeddings for one in everything]))

    def draw(self, reference: int, random: np.random.Generator) -> None:
        """Windows of one reference."""
        quiet, order = self.population.quiet, random.permutation(len(self.population.quiet.truth))
        known, rest = quiet.take(order[:reference]), order[reference:]
        sides = Sides(self._components(known), known.probabilities)
        for turn in range(QUIET):
            window = quiet.take(random.choice(rest, self.size, replace=False))
            self._measure("", known, sides, window, slow=turn < SLOW_QUIET)
        for shift in self.population.shifts:
            for turn in range(SHIFTED):
                self._measure(shift.name, known, sides, self._shifted(shift, rest, random), slow=turn < SLOW)

    def _shifted(self, shift: Shift, rest: Any, random: np.random.Generator) -> Answered:
        """A window of which a share is of the shift; where that is drawn from the quiet samples, from those left."""
        own = shift.samples is self.population.quiet
        weights = shift.weights * np.isin(np.arange(len(shift.weights)), rest) if own else shift.weights
        count = round(shift.share * self.size)
        theirs = shift.samples.take(random.choice(len(weights), count, replace=False, p=weights / weights.sum()))
        ours = self.population.quiet.take(random.choice(rest, self.size - count, replace=False))
        return Answered(
            *(np.concatenate(pair) for pair in zip(vars(ours).values(), vars(theirs).values(), strict=True))
        )

    def _components(self, samples: Answered) -> Any:
        mean, directions = self._directions
        return (samples.embeddings - mean) @ directions

    def _measure(self, name: str, known: Answered, sides: Sides, window: Answered, *, slow: bool) -> None:
        components = self._components(window)
        row = [statistic(sides, components, window.probabilities) for statistic in STATISTICS.values()]
        last = self._evidently(known.embeddings, window.embeddings) if slow and self.size == 200 else np.nan
        self.values.setdefault(name, []).append([*row, last])


def _directions(embeddings: Any) -> tuple[Any, Any]:
    from sklearn.decomposition import PCA

    some = embeddings[np.random.default_rng(0).permutation(len(embeddings))[:FITTED]]
    pca = PCA(COMPONENTS, svd_solver="randomized", random_state=0).fit(some)
    return pca.mean_, pca.components_.T


def _found(population: Population, reference: int, size: int, number: int) -> Record:
    windows = _Windows(population, size)
    for turn in range(REFERENCES):
        windows.draw(reference, np.random.default_rng([number, turn, size]))
    values = {name: np.array(rows) for name, rows in windows.values.items()}
    quiet, places = values.pop(""), {name: place for place, name in enumerate([*STATISTICS, "evidently"])}
    return {
        name: {check: _share(quiet[:, own], rows[:, own]) for check, own in _columns(places).items()}
        for name, rows in values.items()
    }


def _columns(places: dict[str, int]) -> dict[str, list[int]]:
    return {check: [places[name] for name in names] for check, names in CHECKS.items()}


def _share(quiet: Any, shifted: Any) -> float | None:
    """Share of shifted windows of which any statistic is rarer than those of 5% of the quiet windows."""
    quiet, shifted = (rows[np.isfinite(rows).all(axis=1)] for rows in (quiet, shifted))
    if not len(shifted):
        return None
    ranks = [np.sort(column) for column in quiet.T]

    def rareness(rows: Any) -> Any:
        """The rarest of the statistics: share of quiet windows that are no larger, and how far beyond them all."""
        below = [
            np.searchsorted(order, column, side="left") + np.maximum(0, (column - order[-1]) / np.ptp(order))
            for order, column in zip(ranks, rows.T, strict=True)
        ]
        return np.max(below, axis=0)

    limit = np.quantile(rareness(quiet), 1 - LEVEL, method="higher")
    return float((rareness(shifted) > limit).mean())


def section(results: Results) -> str:
    """The tables."""
    counts = f"{REFERENCES * SHIFTED} windows of each shift, {REFERENCES * QUIET} quiet ones"
    slow = f"{REFERENCES * SLOW} and {REFERENCES * SLOW_QUIET} by Evidently."
    parts = [TOLD.format(**{name: f"{rows:,}" for name, rows in REFERENCE.items()}, counts=f"{counts}; {slow}")]
    for data, name in DATA.items():
        parts += [f"### {name}, windows of 200", _table(results, data), _means(results, data)]
    return "\n\n".join([*parts, "### Speed and memory", size_section(results)])


def _table(results: Results, data: str) -> str:
    shifts = _shares(results, data, 200)
    rows = [(shift, *(_shown(checks[check]) for check in SHOWN)) for shift, checks in shifts.items()]
    return table(("shift", *SHOWN.values()), rows or [(NOT_RUN, *[NOT_RUN] * len(SHOWN))])


def _means(results: Results, data: str) -> str:
    """The mean over all shifts, by size of the windows."""
    rows = []
    for size in SIZES[data]:
        shifts = _shares(results, data, size).values()
        means = [[one[check] for one in shifts if one[check] is not None] for check in SHOWN]
        rows.append((str(size), *(_shown(float(np.mean(one))) if one else NOT_RUN for one in means)))
    return table(("rows", *SHOWN.values()), rows)


def _shares(results: Results, data: str, size: int) -> Record:
    record = results.get(f"{data}/{size}")
    return dict(record["values"]["found"]) if record else {}


def _shown(share: float | None) -> str:
    return NOT_RUN if share is None else f"{share:.0%}"


def cells(images: str) -> Iterator[Cell]:
    """Every cell."""
    for data, sizes in SIZES.items():
        for size in sizes:
            asked = {"images": images, "data": data, "size": size}
            yield Cell("power", f"{data}/{size}", "bench.monitoring.power:found", asked, 1)
    yield from size_cells()


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells([*cells(images)], again=again, root=load_settings().home / "bench" / "estimates-work")


if __name__ == "__main__":
    bench_main(main)
