"""From a finished fit to a package: the trained network with its temperature, its transform and the drift reference."""

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from data.errors import StorageError
from data.specs.spec import recorded
from data.stores.atomic import atomic_path, write_text
from data.stores.dataset import Dataset
from data.stores.manifest import write_table
from data.targets.task import output_names
from evaluation.inference.calibration import fit_temperature, tempered
from lightning_modules.fitting.launch import Outputs, read_outputs
from lightning_modules.hub.backbones import Pretrained
from lightning_modules.network.onnx import Floats, export_onnx
from registry.errors import PackageError
from registry.package.golden import FEW, affordable, golden_file
from registry.package.golden import NAME as GOLDEN_FILE
from registry.package.package import Package, load_package
from registry.package.parity import Golden, prove_parity, said_by
from registry.package.restoring import load_network
from registry.shipped.manifest import MANIFEST, SIGNATURE, manifest_text
from registry.shipped.signing import sign
from settings.machine import load_settings

if TYPE_CHECKING:
    from lightning_modules.network.network import Network

Raw: TypeAlias = Callable[[Sequence[str], int], dict[str, bytes]]
Refer: TypeAlias = Callable[[Package], pd.DataFrame]  # the drift reference of a draft whose model can be asked
GOLDEN, MOST = 8, 64  # samples of the golden batch; more than eight only where there are more classes


def pack_fit(fit: Path, dataset: Dataset, pretrained: Pretrained, raw: Raw | None = None) -> Package:
    """Builds the package of a fit in its folder `package`, calibrated on answers that no sample's own label has taught.

    `raw` reads samples as their source gives them, by which the serving path is proved; without it that is not, and
    the package is for looking at, not for serving.

    Raises:
        PackageError: network, package and serving path disagree on the golden batch, or the package cannot be signed.
        StorageError: the fit's files are missing, or the disk refused a write.
    """
    outputs, transform = _outputs(fit, dataset), pretrained.transform(dataset.spec)
    temperatures = _temperatures(outputs, dataset)
    network = load_network(pretrained.card, transform, dataset.tasks, fit / "weights.safetensors")
    for name, temperature in temperatures.items():
        network.head(name).temperature.fill_(temperature)
    return build_package(
        Package(
            fit / "package",
            transform,
            dataset.tasks,
            pretrained.name,
            temperatures,
            math.nan,
            cross_fitted=outputs.held_out,
        ),
        network,
        lambda draft: _reference(draft, dataset, outputs, network),
        golden_batch(dataset, raw),
    )


def golden_batch(dataset: Dataset, raw: Raw | None = None) -> Golden:
    """Validation samples of every stratum in turn, the first of each first; the same for the same data.

    Raises:
        PackageError: `raw` finds none of them.
    """
    rows = dataset.rows("val")
    strata = dataset.strata(rows)
    turn = strata.groupby(strata).cumcount()
    count = max(GOLDEN, min(strata.nunique(), MOST))
    ordered = rows.loc[turn.sort_values(kind="stable").index]
    files = _files(list(ordered["hash"]), raw) if raw else {}
    chosen = ordered[(np.arange(len(ordered)) < count) | ordered["hash"].isin(files)]
    return Golden(dataset.samples(chosen), tuple(chosen["hash"]), files)


def _files(hashes: list[str], raw: Raw) -> dict[str, bytes]:
    found = affordable(raw(hashes, FEW))
    if not found:
        raise PackageError(
            f"none of {len(hashes)} validation samples is in its source any more, so nothing shows that serving "
            "decodes as training did; bring the files back and run the flow again, it goes on from the fit"
        )
    return found


def build_package(draft: Package, network: "Network", refer: Refer, golden: Golden) -> Package:
    """Writes what `draft` describes, proves on the golden images that it predicts as the network does, and seals it.

    `refer` makes the drift reference once the model of the draft is written.

    Raises:
        PackageError: a way to a prediction differs from the network; the difference and where it arose are named.
        StorageError: the disk refused a write.
    """
    from safetensors.torch import save_file  # brings torch

    folder = draft.folder
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left would be sealed in
    folder.mkdir(parents=True)
    export_onnx(network, draft.transform.spec, folder / "model.onnx", (*output_names(draft.tasks), "embedding"))
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    write_text(folder / "transform.json", json.dumps(recorded(draft.transform), indent=1))
    tasks = {name: task.model_dump(mode="json") for name, task in draft.tasks.items()}
    write_text(folder / "labels.json", json.dumps({"tasks": tasks, "backbone": draft.backbone}, indent=1))
    write_table(folder / "reference.parquet", refer(draft))
    said = said_by(network, draft.tasks, golden.samples)
    parity = prove_parity(draft, said, golden)
    if golden.raw:
        with atomic_path(folder / GOLDEN_FILE) as temporary:
            temporary.write_bytes(golden_file(golden.samples_as_files(said)))
    checks = {
        "temperature": draft.temperatures, "parity": asdict(parity), "cross_fitted": draft.cross_fitted,
    }  # fmt: skip
    write_text(folder / "checks.json", json.dumps(checks, indent=1))
    seal(folder)
    return load_package(folder)


def seal(folder: Path, verified: Mapping[str, str] | None = None) -> None:
    """Writes the manifest of everything in the folder, and its signature where REGRAFT_SIGNING_KEY is set.

    `verified` are the sha256 of files that were sealed before, and which must be those still.

    Raises:
        PackageError: a file was changed meanwhile, or the key cannot be used; no signature is left.
        StorageError: the disk refused a write.
    """
    content, key = manifest_text(folder), load_settings().signing_key
    now = json.loads(content)
    if changed := [name for name, digest in (verified or {}).items() if now.get(name) != digest]:
        raise PackageError(
            f"package {folder}: {changed[0]} was changed while it was described, it is not sealed; register it again"
        )
    (folder / SIGNATURE).unlink(missing_ok=True)
    write_text(folder / MANIFEST, content)
    if key:
        try:
            write_text(folder / SIGNATURE, sign(content.encode("utf-8"), key))
        except ValueError as error:
            raise PackageError(f"package {folder} cannot be signed: {error}") from None


def _outputs(fit: Path, dataset: Dataset) -> Outputs:
    """What was said of the training and validation samples, as the fit left it."""
    outputs = read_outputs(fit)
    if list(dataset.rows("train", "val")["hash"]) != list(outputs.hashes):
        raise StorageError(f"{fit / 'outputs.npz'} is of another dataset version; delete {fit} and train again")
    return outputs


def _temperatures(outputs: Outputs, dataset: Dataset) -> dict[str, float]:
    """By task, the temperature that fits the samples whose answers were not learned from them.

    1 where a task's answers are no probabilities.
    """
    from lightning_modules.objectives.objective import objectives_of  # brings torch

    rows = dataset.rows("train", "val")
    held = outputs.held_out | (rows["split"] == "val").to_numpy()
    weights, targets = rows["weight"].to_numpy(np.float64)[held], dataset.targets(rows)
    return {
        name: fit_temperature(outputs.answers[name][held].astype(np.float64), targets[name][held], weights)
        if objective.calibrates
        else 1.0
        for name, objective in objectives_of(dataset.tasks).items()
    }


def _reference(draft: Package, dataset: Dataset, outputs: Outputs, network: "Network") -> pd.DataFrame:
    """What is said of the training and validation samples, in the order of the manifest.

    Of validation samples, with which traffic is compared, by the package itself: it rounds otherwise than torch, and a
    sure network's smallest probabilities are all rounding. Of training samples as the fit left it. Where the head
    learned from all of them, answers are by heads like it that had not seen the sample.
    """
    rows = dataset.rows("train", "val")
    held = (rows["split"] == "val").to_numpy()
    said, embeddings = _fit_said(outputs, network)
    served, seen = draft.predict(dataset.samples(rows[held]))
    embeddings[held] = seen
    if not outputs.held_out:
        for name, answers in served.items():
            said[name][held] = answers
    columns = zip(output_names(dataset.tasks), said.values(), strict=True)
    return rows[["hash", "group", "split"]].assign(
        **_truth(dataset, rows),
        # Of the arrays, as the prediction log measures them, not of the whole file as validation does.
        **dataset.spec.measure(dataset.samples(rows)),
        **dataset.spec.recall(rows),
        **{column: list(answers) for column, answers in columns},
        embedding=list(embeddings.astype(np.float16).astype(np.float32)),
    )


def _fit_said(outputs: Outputs, network: "Network") -> tuple[dict[str, Floats], Floats]:
    """Tempered answers to each task and embeddings as the fit left them; copies, to be written in."""
    said = {}
    for name, objective in network.objectives.items():
        answers, temperature = outputs.answers[name].astype(np.float64), float(network.head(name).temperature)
        said[name] = (tempered(answers, temperature) if objective.calibrates else answers).astype(np.float32)
    return said, outputs.embeddings.copy()


def _truth(dataset: Dataset, rows: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """The class of each sample, by which the monitor knows what the model's confidence is worth."""
    return {"truth": dataset.answers(rows)} if dataset.tasks[dataset.headline].kind == "classification" else {}
