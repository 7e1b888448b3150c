"""What recipes share: bounds of their options, and a probe before the backbone moves."""

import pytest
from pydantic import ValidationError

from lightning_modules.errors import RecipeError
from lightning_modules.recipes.base import check_stages
from lightning_modules.recipes.fine_tuning import FullRecipe, LpFtRecipe


def test_probe__head_alone():
    """The probe runs on the embedding for its own number of epochs, at its own rate."""
    probe = LpFtRecipe(kind="lp_ft", probe_epochs=7, probe_learning_rate=0.5).probe(9)
    assert probe.head_alone
    assert (probe.epochs, probe.learning_rate, probe.first) == (7, 0.5, 9)


def test_batch_norm__by_recipe():
    """Statistics follow the batches where everything learns at once, and stay where a fitted head rests on them."""
    assert (FullRecipe(kind="full").batch_norm, LpFtRecipe(kind="lp_ft").batch_norm) == ("train", "frozen")


@pytest.mark.parametrize("wrong", [{"warmup": 1.0}, {"ema": 1.0}, {"batch_size": 1}, {"layer_decay": 0.0}])
def test_options__out_of_bounds(wrong):
    """An option that could not work is refused when it is read."""
    with pytest.raises(ValidationError):
        FullRecipe(kind="full", **wrong)


def test_check_stages__more_than_there_are():
    """The message says what can be chosen."""
    assert check_stages("partial", 4, 4) == 4
    with pytest.raises(RecipeError, match="stages is 5, the backbone has 4; choose 1 to 4"):
        check_stages("partial", 5, 4)
