"""How often a drift check alarms without a reason; `python -m bench.monitoring.rates`."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.measure import Cell, Record, bench_main, run_cells
from bench.monitoring.quiet import REFERENCES, WINDOWS, Split, quiet_rows, splits
from bench.monitoring.rivals import AUC_LIMIT, evidently_embedding, permuted_mmd, plain_bbsd
from bench.report import NOT_RUN, Results, table
from bench.training.growth import FASHION
from evaluation.inference.discrete import share_interval
from monitoring.arrays import Array
from settings.machine import load_settings

DATA = {"elpv": "ELPV", "fashion": "Fashion-MNIST"}
SIZES = (100, 200, 500)
SESSIONS = {1: "one by one", 20: "in sessions of 20", 50: "in sessions of 50", 200: "in sessions of 200"}
LEVEL, RESAMPLES = 0.01, 200
SELDOM = 5  # Evidently, which takes longest, is asked of the windows of every fifth reference
METHODS = {
    "regraft": "Regraft",
    "bbsd": "plain BBSD-KS",
    "mmd": "permutation MMD",
    "evidently": "Evidently's default",
}
TOLD = """\
Quiet windows: reference and traffic are of one population, so that every alarm is a false one. All are asked for at
most 1% of such alarms, but Evidently, whose embedding drift is used as it comes (a classifier with an AUC above 0.55).
Beside it stand a permutation test of the MMD of single rows, as alibi-detect's, and Kolmogorov-Smirnov tests of the
probabilities with Bonferroni. Each share is of {windows} windows (Evidently: a fifth of them) with its exact 95%
interval; windows of one reference are alike, so that the true interval is wider. "Cannot judge": Regraft says what is
missing instead. Embeddings are those of a frozen EfficientNet-Lite0, probabilities of a probe on them; ELPV are 1,550
polycrystalline cells in 26 modules, Fashion-MNIST 5,000 images of 100 persons with mixtures of classes of their own.
References are of 960 samples."""


def alarms(images: str, data: str, reference: str, windows: int) -> Record:
    """How many windows alarm by each method, and how many each judged, by traffic and rows."""
    from monitoring.signals.embedding import Embedding
    from monitoring.signals.outputs import Outputs

    rows = quiet_rows(load_settings().root, data, Path(images))
    sides = _Sides(*(np.stack([*rows[name]]) for name in ("embedding", "probabilities")))
    signals = {one: one.prepared([rows], seed=0) for one in (Embedding(), Outputs())}
    found: Record = {}
    for session in SESSIONS:
        for size in SIZES:
            drawn = enumerate(splits(rows, reference, session, size, windows // WINDOWS))
            told = [_counted(sides, signals, split, seldom=number % SELDOM == 0) for number, split in drawn]
            found[f"{session}/{size}"] = dict(sum(told, Counter[str]()))
    return found


class _Sides:
    """What the others look at."""

    def __init__(self, embeddings: Array, said: Array) -> None:
        self.embeddings, self.said, self.evidently = embeddings, said, evidently_embedding()


def _counted(sides: _Sides, signals: dict[Any, Any], split: Split, *, seldom: bool) -> Counter[str]:
    """Alarms in the windows of one reference, by Evidently where it is `seldom` asked."""
    found, known = _regraft(signals, split, len(sides.said)), split.known
    (kernel,) = (one.kernel for one in signals.values() if hasattr(one, "kernel"))
    for seen in split.windows:
        both = np.concatenate([known, seen])
        found["mmd"] += permuted_mmd(kernel[np.ix_(both, both)], len(known), int(known[0])) < LEVEL
        found["bbsd"] += plain_bbsd(sides.said[known], sides.said[seen]) < LEVEL
        found["windows"] += 1
        if seldom:
            found["evidently"] += sides.evidently(sides.embeddings[known], sides.embeddings[seen]) > AUC_LIMIT
            found["evidently_windows"] += 1
    return found


def _regraft(signals: dict[Any, Any], split: Split, rows: int) -> Counter[str]:
    """Our check of the windows of one reference, whose null windows are drawn once for all of them."""
    from monitoring.nulls.blocks import Blocks
    from monitoring.nulls.windows import NullWindows, draw_null_windows
    from monitoring.signals.judge import judge, missing
    from monitoring.signals.report import DriftStatistic
    from monitoring.signals.signal import Measurement

    known = Blocks(np.unique(split.groups, return_inverse=True)[1], "group")
    if missing("", known, split.came):
        return Counter()
    null = draw_null_windows(split.groups, split.came, resamples=RESAMPLES, seed=0).placed(split.known, rows)
    held = np.isin(np.arange(rows), split.known)[None].repeat(len(split.windows), axis=0)
    asked = NullWindows(np.stack(split.windows), held, split.came, split.came, 1.0, 1, "")
    alarming: list[list[bool]] = []
    for signal, prepared in signals.items():
        drawn, observed = (prepared.measure(np.arange(rows), split.windows[0], one).null for one in (null, asked))
        told = [judge("", Measurement(one, drawn), null, LEVEL / len(signals), signal.ceiling) for one in observed]
        if all(isinstance(one, DriftStatistic) for one in told):
            alarming.append([one.alarm for one in told if isinstance(one, DriftStatistic)])
    if not alarming:
        return Counter()
    return Counter(regraft=int(np.any(alarming, axis=0).sum()), regraft_windows=len(split.windows))


def section(results: Results) -> str:
    """The tables."""
    made = [counts["windows"] for record in results.values() for counts in record["values"].values()]
    parts = [TOLD.format(windows=max(made, default=500))]
    for data, name in DATA.items():
        for reference, told in REFERENCES.items():
            head = ("traffic", "rows", *METHODS.values())
            rows = [_row(results, data, reference, session, size) for session in SESSIONS for size in SIZES]
            parts += [f"### {name}, reference {told}", table(head, rows)]
    return "\n\n".join(parts)


def _row(results: Results, data: str, reference: str, session: int, size: int) -> tuple[str, ...]:
    record = results.get(f"{data}/{reference}")
    values = record["values"][f"{session}/{size}"] if record else None
    return SESSIONS[session], str(size), *(_share(values, method) for method in METHODS)


def _share(values: Record | None, method: str) -> str:
    if values is None:
        return NOT_RUN
    count = values.get(f"{method}_windows", 0 if method == "regraft" else values["windows"])
    if not count:
        return "cannot judge"
    share = values.get(method, 0) / count
    low, high = share_interval(share, count, 0.95)
    return f"{share:.1%} ({low:.1%} to {high:.1%})"


def cells(images: str, windows: int) -> Iterator[Cell]:
    """Every cell."""
    for data in DATA:
        for reference in REFERENCES:
            asked = {"images": images, "data": data, "reference": reference, "windows": windows}
            yield Cell("rates", f"{data}/{reference}", "bench.monitoring.rates:alarms", asked, 1)


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--windows", default=500, help="Windows of each cell.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, windows: int, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells([*cells(images, windows)], again=again, root=load_settings().home / "bench" / "estimates-work")


if __name__ == "__main__":
    bench_main(main)
