"""How a backbone is adapted; a new recipe joins the union below."""

from typing import TypeAlias

from lightning_modules.recipes.full import FullRecipe
from lightning_modules.recipes.linear_probe import LinearProbeRecipe

Recipe: TypeAlias = LinearProbeRecipe | FullRecipe

__all__ = ["FullRecipe", "LinearProbeRecipe", "Recipe"]
