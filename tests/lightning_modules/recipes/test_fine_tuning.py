"""Recipes of whole stages: which of them learn in which phase."""

import pytest

from lightning_modules.errors import RecipeError
from lightning_modules.recipes.fine_tuning import (
    FullRecipe,
    GradualUnfreezingRecipe,
    LpFtRecipe,
    PartialRecipe,
    SurgicalRecipe,
)


def spans(recipe, stages=5):
    """First and last stage of every phase."""
    return [(phase.first, phase.last) for phase in recipe.phases(stages)]


def test_phases__full_and_after_a_probe():
    """All stages at once, or the head and then all stages."""
    assert spans(FullRecipe(kind="full")) == [(0, 5)]
    assert spans(LpFtRecipe(kind="lp_ft")) == [(5, 5), (0, 5)]


def test_phases__last_and_first_stages():
    """Partial ends at the embedding, surgical begins at the image; neither takes more stages than there are."""
    assert spans(PartialRecipe(kind="partial", stages=2)) == [(5, 5), (3, 5)]
    assert spans(SurgicalRecipe(kind="surgical", stages=2)) == [(5, 5), (0, 2)]
    for recipe in (PartialRecipe(kind="partial", stages=6), SurgicalRecipe(kind="surgical", stages=6)):
        with pytest.raises(RecipeError, match="choose 1 to 5"):
            recipe.phases(5)


@pytest.mark.parametrize(("step", "firsts"), [(1, [4, 3, 2, 1, 0]), (2, [3, 1, 0]), (5, [0]), (9, [0])])
def test_phases__gradual_unfreezing(step, firsts):
    """Stages join from the last to the first; only the phase with all of them has the main epochs."""
    head, *rest = GradualUnfreezingRecipe(kind="gradual_unfreezing", step=step, epochs=7, epochs_per_phase=2).phases(5)
    assert head.head_alone
    assert [phase.first for phase in rest] == firsts
    assert [phase.epochs for phase in rest] == [2] * (len(firsts) - 1) + [7]
