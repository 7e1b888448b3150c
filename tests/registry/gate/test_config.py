"""The gate section of a domain file."""

import pytest

from evaluation.inference.bootstrap import Resampling
from registry.gate.config import GateConfig


def test_resampling__is_the_section_s_own() -> None:
    """Seed, resamples and level of the file make every interval; they are no further key of it."""
    config = GateConfig(floor=0.5, seed=3, resamples=250, level=0.9)
    assert config.resampling == Resampling(seed=3, resamples=250, level=0.9)
    assert "resampling" not in config.model_dump()


@pytest.mark.parametrize(("asked", "error", "margin"), [(None, 0.04, 0.02), (None, 0.2, 0.05), (0.0, 0.2, 0.0)])
def test_margin__usual_or_named(asked: float | None, error: float, margin: float) -> None:
    """Two points, or a quarter of the champion's error where that is more; what a person names counts instead."""
    assert GateConfig(floor=0.5, non_inferiority=asked).margin(error) == pytest.approx(margin)


def test_question__names_what_is_asked() -> None:
    """Margin and resampling are part of the question, a floor is not."""
    plain, lenient = GateConfig(floor=0.5), GateConfig(floor=0.5, non_inferiority=0.02)
    asked = "auc better by 0 and surely by brier, or at most by the usual margin worse"
    assert plain.question == f"{asked}; level 0.95, seed 0, 2000 resamples"
    assert "or at most by 0.02 worse" in lenient.question
    assert GateConfig(floor=0.6).question == plain.question
