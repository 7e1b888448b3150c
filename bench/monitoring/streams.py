"""Streams of labels of real answers in which something is lost from some label on: how often is harm claimed?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.measure import Record
from bench.monitoring.pool import TEST, Answered, load_answers
from evaluation.predictions.metrics import MetricName
from settings.machine import load_settings

STREAMS = {"images": "images", "sessions": "sessions of 50", "modules": "modules, AUC"}
LOSSES: dict[str, float | None] = {
    "quiet": 0.0, "at the bound": None, "5 points": 0.05, "10 points": 0.1, "20 points": 0.2,
}  # fmt: skip
LABELS, LOOK, CHANGE, EXPECTED = 5_000, 50, 1_000, 1_000
BORNE = 0.02
SESSION, OWN = 50, 40
PROOF = 40  # 2 / 5 %


def watched(images: str, stream: str, loss: str, runs: int) -> Record:
    """How many of so many streams claim harm, and in the middle after how many labels since the loss began."""
    data = "elpv" if stream == "modules" else "fashion"
    source = load_answers(load_settings().root, data, Path(images))[TEST]
    generator = np.random.default_rng(0)
    found = [_claim(source, stream, LOSSES[loss], generator) for _ in range(runs)]
    after = [one for one in found if one is not None]
    return {"runs": runs, "claimed": len(after), "after": float(np.median(after)) if after else None}


def _claim(source: Answered, stream: str, loss: float | None, generator: np.random.Generator) -> int | None:
    """Labels after the change at the look that first claims harm; None where none does."""
    from monitoring.performance.answers import Answers
    from monitoring.performance.config import PerformanceConfig
    from monitoring.performance.expectation import expected_of
    from monitoring.performance.labelled.gathered import gather
    from monitoring.performance.labelled.stream import evidence_of_harm
    from registry.gate.config import GateConfig

    metric: MetricName = "auc" if stream == "modules" else "accuracy"
    gate = GateConfig(metric=metric, floor=0.0, non_inferiority=BORNE)
    drawn = _drawn(source, stream, EXPECTED, generator)
    judged = Answers(_rows(drawn), _classes(drawn)).judged(np.ones(EXPECTED))
    expectation = expected_of(judged, gate, PerformanceConfig())
    change, lost = (0, BORNE) if loss is None else (CHANGE, loss)
    harmed = _harmed(_drawn(source, stream, LABELS, generator), metric, change, lost, generator)
    gathered = gather([_rows(harmed)], _classes(harmed), expectation, 1)

    def proven(looks: int) -> bool:
        """Whether harm is claimed at one of the first looks."""
        part = replace(gathered, rows=gathered.rows.head(looks * LOOK))
        return evidence_of_harm(part, np.ones(len(part.rows)), expectation) >= PROOF

    first, last = 0, LABELS // LOOK
    if not proven(last):
        return None
    while last - first > 1:  # what was proven once stays so
        middle = (first + last) // 2
        first, last = (first, middle) if proven(middle) else (middle, last)
    return last * LOOK - change


def _drawn(source: Answered, stream: str, count: int, generator: np.random.Generator) -> Answered:
    """So many answers, in sessions as the stream has them."""
    if stream == "images":
        return replace(source.take(generator.integers(len(source.truth), size=count)), groups=np.arange(count))
    if stream == "sessions":
        rows = [_session(source, generator) for _ in range(count // SESSION)]
        return replace(source.take(np.concatenate(rows)), groups=np.arange(count) // SESSION)
    modules = [np.flatnonzero(source.groups == module) for module in np.unique(source.groups)]
    places = [modules[number] for number in generator.integers(len(modules), size=count)]  # more than are needed
    sessions = np.repeat(np.arange(count), [len(place) for place in places])
    return replace(source.take(np.concatenate(places)[:count]), groups=sessions[:count])


def _session(source: Answered, generator: np.random.Generator) -> Any:
    """Images of which most are of one class."""
    own = np.flatnonzero(source.truth == generator.integers(source.probabilities.shape[1]))
    return np.concatenate([generator.choice(own, OWN), generator.integers(len(source.truth), size=SESSION - OWN)])


def _harmed(part: Answered, metric: str, change: int, lost: float, generator: np.random.Generator) -> Answered:
    """The same, but from a place on as many answers are wrong, or scores another's, as lose so much."""
    late = np.arange(len(part.truth)) >= change
    if metric == "auc":
        area = _area(part)
        hit = late & (generator.random(len(late)) < lost / (area - 0.5))
        said = part.probabilities.copy()
        said[hit] = part.probabilities[generator.permutation(len(late))][hit]
        return replace(part, probabilities=said)
    hit = late & part.right & (generator.random(len(late)) < lost / part.right.mean())
    classes = part.probabilities.shape[1]
    return replace(part, truth=np.where(hit, (part.truth + 1) % classes, part.truth))


def _area(part: Answered) -> float:
    from evaluation.predictions.metrics import METRICS

    return METRICS["auc"].function(part.truth, part.probabilities, np.ones(len(part.truth)))


def _classes(part: Answered) -> tuple[str, ...]:
    return tuple(map(str, range(part.probabilities.shape[1])))


def _rows(part: Answered) -> pd.DataFrame:
    """Rows of the log with their labels."""
    came = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(part.truth)), unit="min")
    return pd.DataFrame({
        "hash": np.arange(len(part.truth)).astype(str),
        "time": came,
        "error": None,
        "session": part.groups.astype(str),
        "probabilities": list(part.probabilities),
        "label": part.truth.astype(str),
        "labelled": came,
    })  # fmt: skip
