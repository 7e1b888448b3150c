"""What the tests of tasks share: decisions of the gate, and a finished fit."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from evaluation.predictions.predictions import Predictions
from lightning_modules.fitting.launch import FitResult
from registry.gate.config import GateConfig
from registry.gate.decide import decide
from registry.gate.decision import Measured
from registry.store.verdicts import Verdict
from tasks.judging.promote import promote
from tasks.making.train import Trained, open_training_run


@pytest.fixture(scope="session")
def verdict() -> Callable[..., Verdict]:
    """Makes the verdict about a version that met the champion `against`; a floor out of reach rejects it."""

    def make(version: int, against: int | None, *, floor: float = 0.5) -> Verdict:
        truth = np.arange(40) % 2
        predictions = Predictions(
            hashes=[f"{number}" for number in range(40)],
            truth=truth,
            probabilities=np.stack([1 - truth, truth], axis=1) * 0.8 + 0.1,
            weights=np.ones(40),
            groups=[f"{number}" for number in range(40)],
            slices=pd.DataFrame(index=range(40)),
            classes=("dark", "light"),
        )
        config = GateConfig(metric="accuracy", floor=floor, resamples=100)
        measured = Measured(latency_ms=1, size_mb=1, parity=0, parity_limit=1e-3, card_gaps=())
        decision = decide(predictions, None, config=config, measured=measured)
        return Verdict("photos", version, against, "d", decision, decision.sha256)

    return make


@pytest.fixture
def promoted(registered, verdict):
    """Two versions, the second in production."""
    registered(dataset_version="old"), registered()
    promote.fn(verdict(1, None), "r")
    promote.fn(verdict(2, 1), "r")


@pytest.fixture
def trained(plan, own_workshop):
    """The workshop's fit in a run of its own."""
    return Trained(open_training_run.fn(plan, None), FitResult(own_workshop.fit, 7, 0.1, 0, 12.5, ()))
