"""From a finished fit to a package: the trained network with its temperature, its transform and the drift reference."""

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import StorageError
from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from data.stores.manifest import write_table
from evaluation.inference.calibration import fit_temperature, tempered
from lightning_modules.hub.backbones import load_backbone
from lightning_modules.network.onnx import Floats, export_onnx
from registry.errors import PackageError
from registry.package.package import Package, load_package
from registry.package.parity import Golden, prove_parity
from registry.package.restoring import load_network
from registry.shipped.manifest import MANIFEST, SIGNATURE, manifest_text
from registry.shipped.signing import sign
from settings.machine import load_settings

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

GOLDEN, MOST = 8, 64  # samples of the golden batch; more than eight only where there are more classes


def pack_fit(root: Path, fit: Path, dataset: Dataset, backbone: str) -> Package:
    """Builds the package of a fit in its folder `package`, calibrated on the validation split.

    Raises:
        PackageError: network, package and serving path disagree on the golden batch, or the package cannot be signed.
        StorageError: the fit's files are missing, or the disk refused a write.
    """
    probabilities, embeddings = _outputs(fit, dataset)
    temperature = _temperature(probabilities, dataset)
    card, golden = load_backbone(root, backbone), golden_rows(dataset)
    transform = card.transform(dataset.spec)
    network = load_network(card, transform, len(dataset.classes), fit / "weights.safetensors")
    network.temperature.fill_(temperature)
    return build_package(
        Package(fit / "package", transform, dataset.task, dataset.classes, backbone, temperature, math.nan),
        network,
        _reference(dataset, tempered(probabilities.astype(np.float64), temperature), embeddings),
        Golden(dataset.images(golden), tuple(golden["hash"])),
    )


def golden_rows(dataset: Dataset) -> pd.DataFrame:
    """Validation samples of every class in turn, the first of each class first; the same for the same data."""
    rows = dataset.rows("val")
    turn = pd.Series(dataset.labels(rows)).groupby(dataset.labels(rows)).cumcount()
    count = max(GOLDEN, min(len(dataset.classes), MOST))
    return rows.loc[turn.sort_values(kind="stable").index[:count]]


def build_package(draft: Package, network: "Network", reference: pd.DataFrame, golden: Golden) -> Package:
    """Writes what `draft` describes, proves on the golden images that it predicts as the network does, and seals it.

    Raises:
        PackageError: a way to a prediction differs from the network; the difference and where it arose are named.
        StorageError: the disk refused a write.
    """
    from safetensors.torch import save_file  # brings torch

    folder = draft.folder
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left would be sealed in
    folder.mkdir(parents=True)
    export_onnx(network, draft.transform.image.shape, folder / "model.onnx")
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    write_text(folder / "transform.json", draft.transform.model_dump_json(indent=1))
    labels = {"task": draft.task, "classes": draft.classes, "backbone": draft.backbone}
    write_text(folder / "labels.json", json.dumps(labels, indent=1))
    write_table(folder / "reference.parquet", reference)
    parity = prove_parity(draft, network, golden)
    checks = {"temperature": draft.temperature, "parity": asdict(parity)}
    write_text(folder / "checks.json", json.dumps(checks, indent=1))
    seal(folder)
    return load_package(folder)


def seal(folder: Path) -> None:
    """Writes the manifest of everything in the folder, and its signature where REGRAFT_SIGNING_KEY is set.

    Raises:
        PackageError: the key cannot be used; no signature is left.
        StorageError: the disk refused a write.
    """
    content, key = manifest_text(folder), load_settings().signing_key
    (folder / SIGNATURE).unlink(missing_ok=True)
    write_text(folder / MANIFEST, content)
    if key:
        try:
            write_text(folder / SIGNATURE, sign(content.encode("utf-8"), key))
        except ValueError as error:
            raise PackageError(f"package {folder} cannot be signed: {error}") from None


def _outputs(fit: Path, dataset: Dataset) -> tuple[Floats, Floats]:
    """Probabilities [N, K] and embeddings [N, D] of the training and validation samples, as the fit left them."""
    with np.load(fit / "outputs.npz", allow_pickle=False) as outputs:
        hashes, probabilities, embeddings = (outputs[name] for name in ("hashes", "probabilities", "embeddings"))
    if list(dataset.rows("train", "val")["hash"]) != list(hashes):
        raise StorageError(f"{fit / 'outputs.npz'} is of another dataset version; delete {fit} and train again")
    return probabilities, embeddings


def _temperature(probabilities: Floats, dataset: Dataset) -> float:
    """The temperature that fits the validation split, which training has not learned from."""
    rows = dataset.rows("train", "val")
    held = (rows["split"] == "val").to_numpy()
    weights = rows["weight"].to_numpy(np.float64)
    return fit_temperature(probabilities[held].astype(np.float64), dataset.labels(rows)[held], weights[held])


def _reference(dataset: Dataset, probabilities: npt.NDArray[np.floating], embeddings: Floats) -> pd.DataFrame:
    """What the package says of the training and validation samples, in the order of the manifest."""
    rows = dataset.rows("train", "val")
    return rows[["hash", "group", "split"]].assign(
        # Of the cropped pixels, as the prediction log measures it, not of the whole file as validation does.
        brightness=dataset.images(rows).mean(axis=(1, 2, 3)),
        probabilities=list(probabilities.astype(np.float32)),
        embedding=list(embeddings.astype(np.float16).astype(np.float32)),
    )
