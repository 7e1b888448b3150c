"""Recipes of few parameters: all stages, but only norms, biases or adapters of them."""

import pytest
from pydantic import ValidationError

from lightning_modules.recipes.efficient import BitFitRecipe, LoraRecipe, NormOnlyRecipe


@pytest.mark.parametrize(
    ("recipe", "learns"),
    [
        (NormOnlyRecipe(kind="norm_only"), "norms"),
        (BitFitRecipe(kind="bitfit"), "biases"),
        (LoraRecipe(kind="lora"), "adapters"),
    ],
)
def test_phases__few_of_every_stage(recipe, learns):
    """The head first, then with it a few parameters of every stage."""
    probe, phase = recipe.phases(4)
    assert probe.head_alone
    assert (phase.first, phase.last, phase.learns) == (0, 4, learns)


def test_lora__no_pull():
    """Weights that do not move cannot be pulled; the message says what can."""
    with pytest.raises(ValidationError, match="use weight_decay for the adapters"):
        LoraRecipe(kind="lora", l2_sp=0.1)
