"""From a finished fit to a package: the trained network, its transform and the drift reference."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from data.dataset import Dataset
from data.errors import StorageError
from lightning_modules.hub import load_backbone
from registry.package import Package, build_package

GOLDEN = 8


def pack_fit(root: Path, fit: Path, dataset: Dataset, backbone: str) -> Package:
    """Builds the package of a fit in its folder `package`.

    Raises:
        PackageError: package and network disagree on the golden batch.
        StorageError: the fit's files are missing, or the disk refused a write.
    """
    from safetensors.torch import load_file  # brings torch

    from lightning_modules.network import Network

    card = load_backbone(root, backbone)
    transform = card.transform(dataset.spec)
    weights = load_file(fit / "weights.safetensors")
    head: Literal["linear", "cosine"] = "cosine" if "head.prototypes" in weights else "linear"
    network = Network(
        card.architecture, len(dataset.classes), transform.mean, transform.std, size=transform.image.size, head=head
    )
    network.load_state_dict(weights)
    return build_package(
        fit / "package",
        network,
        transform,
        task=dataset.task,
        classes=dataset.classes,
        backbone=backbone,
        reference=_reference(fit, dataset),
        golden=dataset.images(dataset.rows("val").head(GOLDEN)),
    )


def _reference(fit: Path, dataset: Dataset) -> pd.DataFrame:
    """What the network said of the training and validation samples, in the order of the manifest."""
    with np.load(fit / "outputs.npz", allow_pickle=False) as outputs:
        hashes, probabilities, embeddings = (outputs[name] for name in ("hashes", "probabilities", "embeddings"))
    rows = dataset.rows("train", "val")
    if list(rows["hash"]) != list(hashes):
        raise StorageError(f"{fit / 'outputs.npz'} is of another dataset version; delete {fit} and train again")
    return rows[["hash", "group", "split"]].assign(
        # Of the cropped pixels, as the prediction log measures it, not of the whole file as validation does.
        brightness=dataset.images(rows).mean(axis=(1, 2, 3)),
        probabilities=list(probabilities),
        embedding=list(embeddings.astype(np.float16).astype(np.float32)),
    )
