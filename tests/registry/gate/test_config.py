"""The gate section of a domain file."""

from evaluation.inference.bootstrap import Resampling
from registry.gate.config import GateConfig


def test_resampling__is_the_section_s_own() -> None:
    """Seed, resamples and level of the file make every interval; they are no further key of it."""
    config = GateConfig(floor=0.5, seed=3, resamples=250, level=0.9)
    assert config.resampling == Resampling(seed=3, resamples=250, level=0.9)
    assert "resampling" not in config.model_dump()


def test_question__names_what_is_asked() -> None:
    """Margin and resampling are part of the question, a floor is not."""
    plain, lenient = GateConfig(floor=0.5), GateConfig(floor=0.5, non_inferiority=0.02)
    assert plain.question == "auc better by more than 0; level 0.95, seed 0, 2000 resamples"
    assert "or at most 0.02 worse" in lenient.question
    assert GateConfig(floor=0.6).question == plain.question
