"""Prototypes: a sample is of the class whose mean feature it is closest to; for a handful of samples a class."""

from typing import ClassVar, Literal

from lightning_modules.recipes.phase import Phase
from settings.config import Config


class PrototypeRecipe(Config):
    """L2-normalised class means of cached features (arXiv 1904.04232); nothing is trained by gradient."""

    head: ClassVar[Literal["linear", "cosine"]] = "cosine"

    kind: Literal["prototype"]

    def phases(self, stages: int) -> tuple[Phase, ...]:
        """None: the head is computed."""
        return ()
