"""The models of the year: a probe on what is known by a day, with its reference, and the gate between two of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.monitoring.pool import probe_of
from bench.year.world import FIRST, Integers, World
from evaluation.inference.calibration import fit_temperature, tempered
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from monitoring.performance.config import PerformanceConfig
from monitoring.performance.expectation import Expectation, expected_of
from monitoring.performance.unlabelled.known import known_of
from monitoring.performance.unlabelled.validation import Validation, validate
from monitoring.reference import Reference
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Decision, Measured
from registry.gate.spending import Turn

CLASSES = tuple(map(str, range(10)))
START, SPEC = datetime(2025, 1, 1, tzinfo=UTC), "spec"
GATE = GateConfig(metric="accuracy", floor=0.5)
PERFORMANCE = PerformanceConfig()
ENOUGH = 20  # labels of a class after which a person adds it to the domain's YAML
MOST = sum(FIRST.values()) + 4_000  # samples that are trained on, the first and the newest
KEPT = 1_000  # samples that a window is compared with
FINE = Measured(latency_ms=1.0, size_mb=1.0, parity=0.0, parity_limit=1.0, card_gaps=())


@dataclass(frozen=True, eq=False)
class Model:
    """A version: a probe with its temperature, trained on these rows of the world, judged on those."""

    world: World
    said: Callable[[Floats], Floats]
    temperature: float
    learned: Integers
    judged: Integers

    def answers(self, rows: npt.NDArray[np.int64]) -> Floats:
        """Probabilities [N, 10] of rows of the world."""
        return tempered(self.said(self.world.features[rows]), self.temperature)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Classes that it has never seen."""
        return tuple(name for name in CLASSES if int(name) not in self.world.label[self.learned])

    @cached_property
    def reference(self) -> Reference:
        """What a window is compared with."""
        world, count = self.world, min(KEPT, len(self.learned))
        rows = np.sort(np.random.default_rng(0).choice(self.learned, count, replace=False))
        return Reference(self._table(rows).assign(
            group=world.content[rows].astype(str), split=world.split[rows], truth=world.label[rows].astype(str),
        ), SPEC, CLASSES)  # fmt: skip

    @cached_property
    def expectation(self) -> Expectation:
        """What the test set promises."""
        return expected_of(self.on(self.judged), GATE, PERFORMANCE)

    @cached_property
    def validation(self) -> Validation | None:
        """What the estimate without labels was tried on, once."""
        known = known_of(self.reference)
        return validate("accuracy", known, seed=0) if known else None

    def on(self, rows: Integers) -> Predictions:
        """What it says of labelled rows."""
        names, count = [str(row) for row in rows], len(rows)
        return Predictions(
            names, self.world.label[rows], self.answers(rows), np.ones(count), names, pd.DataFrame(index=range(count)),
            CLASSES, self.unknown,
        )  # fmt: skip

    def log(self, rows: Integers, day: int) -> pd.DataFrame:
        """Rows of the prediction log, with the labels that have come by a day."""
        world, known = self.world, self.world.known(day)[rows]
        within = pd.to_timedelta(np.arange(len(rows)) % 1000, "min")
        came = pd.to_timedelta(np.where(known, world.came[rows], 0), "D")
        return self._table(rows).assign(
            time=pd.Timestamp(START) + pd.to_timedelta(world.day[rows], "D") + within,
            error=None,
            session=None,
            group=None,
            label=pd.Series(world.label[rows].astype(str), dtype=object).where(known, None).to_numpy(),
            labelled=(pd.Timestamp(START) + came).where(known),
        )

    def _table(self, rows: Integers) -> pd.DataFrame:
        world = self.world
        return pd.DataFrame({
            "hash": world.content[rows].astype(str), "transform": SPEC, "brightness": world.brightness[rows],
            "probabilities": list(self.answers(rows)), "embedding": list(world.features[rows]),
        })  # fmt: skip


def trained(world: World, day: int, withheld: npt.NDArray[np.bool_]) -> Model:
    """A version from all that has a label by a day and is not withheld."""
    known = world.known(day) & ~withheld
    known &= np.isin(np.arange(len(known)), np.unique(np.where(known, world.content, -1), return_index=True)[1])
    counts = np.bincount(world.label[known], minlength=len(CLASSES))
    rows = np.flatnonzero(known & (counts[world.label] >= ENOUGH))
    first, later = rows[world.day[rows] < 0], rows[world.day[rows] >= 0]
    rows = np.concatenate([first, later[-(MOST - len(first)) :]])
    train, val, test = (rows[world.split[rows] == split] for split in FIRST)
    said = probe_of(world.features[train], world.label[train], len(CLASSES))
    temperature = fit_temperature(said(world.features[val]), world.label[val], np.ones(len(val)))
    return Model(world, said, temperature, np.concatenate([train, val]), test)


def judged(challenger: Model, champion: Model, look: int) -> Decision:
    """What the gate says of a challenger, at so many looks at the test set."""
    rows = challenger.judged
    pair = challenger.on(rows), champion.on(rows)
    return decide(*pair, config=GATE, measured=FINE, turn=Turn(use=look, look=look))


def time_of(day: int) -> datetime:
    """The end of a day, when a check looks."""
    return START + timedelta(days=day, hours=23)
