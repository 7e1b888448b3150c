"""The evaluation section of a domain file."""

import pytest
from pydantic import ValidationError

from evaluation.inference.config import EvaluationConfig


def test_evaluation_config__names_and_pairs() -> None:
    """A list may hold names and lists of two names."""
    found = EvaluationConfig.model_validate_json('{"slices": ["type", ["type", "probability"]]}')
    assert found.slices == ("type", ("type", "probability"))
    assert EvaluationConfig().slices is None


@pytest.mark.parametrize("slices", ['["a", "a"]', '[["a", "a"]]', '[["a", "b", "c"]]', '"a"'])
def test_evaluation_config__refuses(slices: str) -> None:
    """Repetition, a pair with itself, three names and a bare name are errors."""
    with pytest.raises(ValidationError, match="slices"):
        EvaluationConfig.model_validate_json(f'{{"slices": {slices}}}')


def test_evaluation_config__protected() -> None:
    """Protected columns are named once each; none is by default."""
    assert EvaluationConfig().protected == ()
    assert EvaluationConfig.model_validate_json('{"protected": ["site", "age"]}').protected == ("site", "age")
    with pytest.raises(ValidationError, match="protected"):
        EvaluationConfig.model_validate_json('{"protected": ["site", "site"]}')
