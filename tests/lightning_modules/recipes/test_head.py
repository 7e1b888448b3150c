"""Recipes of the head: one phase without the backbone, or none at all."""

from lightning_modules.recipes.head import LinearProbeRecipe, PrototypeRecipe


def test_phases__linear_probe():
    """One phase on the embedding, as long and as fast as the recipe says."""
    (phase,) = LinearProbeRecipe(kind="linear_probe", epochs=5, learning_rate=0.1).phases(4)
    assert (phase.head_alone, phase.first, phase.epochs, phase.learning_rate) == (True, 4, 5, 0.1)


def test_phases__prototype():
    """Class means are computed: nothing is trained, and the head compares angles."""
    recipe = PrototypeRecipe(kind="prototype")
    assert recipe.phases(4) == ()
    assert (recipe.head, LinearProbeRecipe(kind="linear_probe").head) == ("cosine", "linear")
