"""How a backbone is adapted; a new recipe joins the union below."""

from typing import TypeAlias

from lightning_modules.recipes.efficient import BitFitRecipe, LoraRecipe, NormOnlyRecipe
from lightning_modules.recipes.fine_tuning import (
    FullRecipe,
    GradualUnfreezingRecipe,
    LpFtRecipe,
    PartialRecipe,
    SurgicalRecipe,
)
from lightning_modules.recipes.head import LinearProbeRecipe, PrototypeRecipe

Recipe: TypeAlias = (
    LinearProbeRecipe
    | LpFtRecipe
    | FullRecipe
    | GradualUnfreezingRecipe
    | PartialRecipe
    | SurgicalRecipe
    | NormOnlyRecipe
    | BitFitRecipe
    | LoraRecipe
    | PrototypeRecipe
)
