"""How well harm is told with and without labels, where the truth is known; `python -m bench.monitoring.estimates`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.measure import Cell, Record, bench_main, run_cells
from bench.monitoring.nannyml import cbpe
from bench.monitoring.pool import KNOWN, TEST, Answered, Pool, load_answers
from bench.monitoring.streams import LOSSES, STREAMS
from bench.report import NOT_RUN, Results, table
from bench.training.growth import FASHION
from evaluation.inference.interval import Interval
from monitoring.performance.performance import harm_of
from settings.machine import load_settings

DATA = {"elpv": "ELPV", "fashion": "Fashion-MNIST", "digits": "digits"}
WINDOWS = (200, 500)
METHODS = {
    "unseen": "Regraft, tried on other corruptions",
    "drawn": "Regraft, tried on drawn shifts",
    "cbpe": "NannyML CBPE",
    "mean": "mean confidence",
    "none": "no change expected",
}
BANDS = {"none": (-1.0, 0.0), "small": (0.0, 0.05), "5 to 15 points": (0.05, 0.15), "above 15 points": (0.15, 1.0)}

TOLD = """\
Without labels: three probes on frozen features, each with known samples, and test samples of which one half (by groups)
serves to try the estimate on, the other is the traffic, as it is and under every corruption at five severities; of ELPV
also all polycrystalline cells. Windows of 200 and 500 are drawn from it. The truth is the accuracy on all of that
traffic. "Tried on other corruptions" never saw the kind of corruption that it is asked about; "tried on drawn shifts"
saw no corruption at all, as for a package for which nobody has made any. "Trusted" is the share of windows of which the
estimate says so of itself; error and coverage are those of trusted windows, and in brackets those of all."""


def shifts(images: str, data: str, window: int, nannyml: str | None) -> Record:
    """Truth and estimates of every shift by every method."""
    pool, generator = load_answers(load_settings().root, data, Path(images)), np.random.default_rng(window)
    tried, asked = _halves(pool, generator)
    rows = [_asked(tried, name, part, window, generator) for name, part in asked.items()]
    plain, seen = tried.known, [row.pop("window") for row in rows]
    said = cbpe(nannyml, plain, seen) if nannyml else [None] * len(seen)
    return {"shifts": [row | {"cbpe": _point(value)} for row, value in zip(rows, said, strict=True)]}


class _Tried:
    """What the estimates of one model rest on: known samples, and trials of each kind."""

    def __init__(self, known: Answered, plain: Answered, changed: dict[str, Answered], expected: float) -> None:
        from monitoring.performance.unlabelled.validation import validate

        self.known, self.expected = known, expected
        shifted = [(_kind(name), _known(plain), _known(part)) for name, part in changed.items()]
        self.real = validate("accuracy", _known(known), shifted, seed=0)
        self.drawn = validate("accuracy", _known(known), seed=0)


def _halves(pool: Pool, generator: np.random.Generator) -> tuple[_Tried, dict[str, Answered]]:
    """What the estimate is tried on, and the traffic by the name of its shift."""
    corrupted = [name for name in pool if " " in name]
    groups = pool[TEST].groups[: len(pool[corrupted[0]].truth)]
    mine = np.isin(groups, generator.permutation(np.unique(groups))[: len(np.unique(groups)) // 2])
    one, other = np.flatnonzero(mine), np.flatnonzero(~mine)
    traffic = {TEST: pool[TEST].take(other)} | {name: pool[name].take(other) for name in corrupted}
    others = {name: part for name, part in pool.items() if name not in {KNOWN, TEST, *corrupted}}
    expected = float(traffic[TEST].right.mean())
    changed = {name: pool[name].take(one) for name in corrupted}
    return _Tried(pool[KNOWN], pool[TEST].take(one), changed, expected), traffic | others


def _asked(tried: _Tried, name: str, part: Answered, window: int, generator: np.random.Generator) -> Record:
    from evaluation.inference.bootstrap import Resampling
    from monitoring.performance.unlabelled.distance import distance
    from monitoring.performance.unlabelled.estimate import estimator_of
    from monitoring.performance.unlabelled.validation import Validation, estimated_loss

    drawn = part.take(generator.choice(len(part.truth), min(window, len(part.truth)), replace=False))
    known, traffic = _known(tried.known), _known(drawn)
    estimator = estimator_of("accuracy", known, traffic, seed=0)
    ends, far = estimator.interval(Resampling(0, 300)), distance(known, traffic)
    others = tuple(trial for trial in tried.real.trials if trial.kind != _kind(name))
    row: Record = {"shift": name, "truth": float(part.right.mean()), "expected": tried.expected, "window": drawn}
    for method, found in (("unseen", Validation("accuracy", others)), ("drawn", tried.drawn)):
        loss = found.loss(estimated_loss(estimator), far, (ends.high - ends.low) / 2)
        value = tried.expected - loss.value
        row[method] = [value, value + loss.value - loss.high, value + loss.value - loss.low, far <= found.reach]
    row["mean"] = _point(float(drawn.probabilities.max(axis=1).mean()))
    row["none"] = _point(tried.expected)
    return row


def _known(part: Answered) -> Any:
    from monitoring.performance.unlabelled.known import Known

    return Known(part.probabilities, part.embeddings, part.truth, [str(group) for group in part.groups])


def _kind(name: str) -> str:
    return name.split(maxsplit=1)[0]


def _point(value: float | None) -> list[float | bool] | None:
    return None if value is None else [value, np.nan, np.nan, True]


def section(results: Results) -> str:
    """Errors of the estimates, harm by how much was lost, and the streams of labels."""
    text = (__doc__ or "").split(";")[0] + "."
    parts = [text, TOLD, _errors(results), "### Harm by what was truly lost", HARM, _harm(results)]
    return "\n\n".join([*parts, "### With labels", STREAMED, _streams(results)])


HARM = """\
What the estimate alone says of windows of 500, tried on other corruptions, where 2 points are borne, by what is truly
lost: "much" is surely more than what is borne, "small" surely something, "none" leaves at most 12 points open, and
"unknown" is an estimate that is not trusted or says less. Of ELPV it is nearly always unknown: half of its test modules
are too few to try corruptions on, and on drawn shifts its intervals are 17 points wide either way."""
STREAMED = """\
1,000 streams (200 where much is lost) of 5,000 labels each, looked at 100 times; from label 1,001 on so much is lost.
What is expected is the accuracy of 1,000 other samples with its interval, 2 points are borne. Fashion-MNIST: single
images, and sessions of 50 of which 40 are of one class; ELPV: cells by modules, AUC. "At the bound": from the first
label on as much is lost as is borne. The declared share of false claims is 5%."""


def _errors(results: Results) -> str:
    head = ("data", "window", "method", "error, points", "coverage", "trusted")
    rows = []
    for data, title in DATA.items():
        for window in WINDOWS:
            found = _shifts(results, data, window)
            rows += [(title, str(window), told, *_row(found, method)) for method, told in METHODS.items()]
    return table(head, rows)


def _row(found: Sequence[Record], method: str) -> tuple[str, str, str]:
    """Mean absolute error, coverage and trust; of all windows in brackets."""
    told = [(row["truth"], row[method]) for row in found if row[method] is not None]
    if not told:
        return (NOT_RUN,) * 3
    errors = np.array([abs(value[0] - truth) for truth, value in told])
    inside = np.array([value[1] <= truth <= value[2] for truth, value in told])
    trusted = np.array([value[3] for _, value in told], bool)
    if np.isnan(told[0][1][1]):
        return f"{100 * errors.mean():.1f}", "-", "-"
    return (
        f"{100 * errors[trusted].mean():.1f} ({100 * errors.mean():.1f})",
        f"{100 * inside[trusted].mean():.0f}% ({100 * inside.mean():.0f}%)",
        f"{100 * trusted.mean():.0f}%",
    )


def _harm(results: Results) -> str:
    head = ("truly lost", "windows", "none", "small", "much", "unknown")
    rows = []
    for name, (low, high) in BANDS.items():
        found = [_verdict(row) for data in DATA for row in _shifts(results, data, 500) if low < _lost(row) <= high]
        counts = [str(found.count(harm)) if found else NOT_RUN for harm in head[2:]]
        rows.append((name, str(len(found)), *counts))
    return table(head, rows)


def _lost(row: Record) -> float:
    return float(row["expected"] - row["truth"])


def _verdict(row: Record) -> str:
    value, low, high, trusted = row["unseen"]
    loss = Interval(*(row["expected"] - end for end in (value, high, low)))
    return harm_of(loss, BORNE) if trusted else "unknown"


BORNE = 0.02
RARE = ("quiet", "at the bound")  # where claims are false, and rates small


def _streams(results: Results) -> str:
    head = ("stream", *LOSSES)
    rows = [(told, *(_claims(results, stream, loss) for loss in LOSSES)) for stream, told in STREAMS.items()]
    return table(head, rows)


def _claims(results: Results, stream: str, loss: str) -> str:
    """Share of streams in which harm was claimed, and after how many labels since it began."""
    record = results.get(f"stream/{stream}/{loss}".replace(" ", "-"))
    if record is None:
        return NOT_RUN
    values = record["values"]
    after = f", after {values['after']:.0f} labels" if values["after"] is not None else ""
    return f"{100 * values['claimed'] / values['runs']:.1f}%{after}"


def _shifts(results: Results, data: str, window: int) -> list[Record]:
    record = results.get(f"{data}/{window}")
    return list(record["values"]["shifts"]) if record else []


def cells(images: str, nannyml: str | None, runs: int) -> Iterator[Cell]:
    """Every cell."""
    for data in DATA:
        for window in WINDOWS:
            asked = {"images": images, "data": data, "window": window, "nannyml": nannyml}
            yield Cell("estimates", f"{data}/{window}", "bench.monitoring.estimates:shifts", asked, 1)
    for stream in STREAMS:
        for loss in LOSSES:
            asked = {"images": images, "stream": stream, "loss": loss, "runs": runs if loss in RARE else runs // 5}
            name = f"stream/{stream}/{loss}".replace(" ", "-")
            yield Cell("estimates", name, "bench.monitoring.streams:watched", asked, 1)


@click.command(context_settings={"show_default": True})
@click.option("--images", default=FASHION, help="Folder of the four IDX files (Debian: dataset-fashion-mnist).")
@click.option("--nannyml", help="Python of an environment with NannyML; none: it is not run.")
@click.option("--runs", default=1000, help="Streams of each kind.")
@click.option("--again", is_flag=True, help="Measure what is known, too.")
def main(images: str, nannyml: str | None, runs: int, again: bool) -> None:
    """Measures all cells on one core; goes on where it was stopped."""
    run_cells([*cells(images, nannyml, runs)], again=again, root=load_settings().home / "bench" / "estimates-work")


if __name__ == "__main__":
    bench_main(main)
