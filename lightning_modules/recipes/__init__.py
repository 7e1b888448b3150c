"""How a backbone is adapted; a new recipe joins the union below."""

from typing import TypeAlias

from lightning_modules.recipes.bitfit import BitFitRecipe
from lightning_modules.recipes.full import FullRecipe
from lightning_modules.recipes.gradual_unfreezing import GradualUnfreezingRecipe
from lightning_modules.recipes.linear_probe import LinearProbeRecipe
from lightning_modules.recipes.lora import LoraRecipe
from lightning_modules.recipes.lp_ft import LpFtRecipe
from lightning_modules.recipes.norm_only import NormOnlyRecipe
from lightning_modules.recipes.partial import PartialRecipe
from lightning_modules.recipes.prototype import PrototypeRecipe
from lightning_modules.recipes.surgical import SurgicalRecipe

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
