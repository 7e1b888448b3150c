"""What is known of a version besides its package: the domain's words, the data and the fit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightning_modules.config import TrainingConfig

if TYPE_CHECKING:
    from data.stores.dataset import Dataset

UNSAID = "Say here what the model is for, and what it is not for."  # a new domain's file, until somebody says it


@dataclass(frozen=True)
class Facts:
    """What the cards of one version say of where it comes from; energy in kWh, None where it was not measured.

    `refitted` training and validation samples together taught the head anew once validation had chosen; 0: none did.
    """

    domain: str
    description: str
    intended_use: str
    dataset_version: str
    data_licence: str
    training: TrainingConfig
    lineage: dict[str, str]
    epochs: int
    seconds: float
    energy: float | None
    refitted: int = 0


def split_sizes(dataset: "Dataset") -> dict[str, int]:
    """Samples of each split."""
    return {str(split): int(count) for split, count in sorted(dataset.manifest["split"].value_counts().items())}
