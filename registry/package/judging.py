"""Judging a package: its predictions on the test split, their metrics, and the figures that people look at."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from data.naming import few
from data.specs.spec import Array, Spec
from data.stores.dataset import Dataset
from evaluation.inference.config import EvaluationConfig
from evaluation.inference.slices import chosen_slices
from evaluation.predictions.aligned import aligned
from evaluation.predictions.grouped import Floats
from evaluation.predictions.predictions import Predictions
from evaluation.report.evaluate import Evaluation
from evaluation.report.figures import confusion_matrix_figure, reliability_figure, sample_grid_figure, slice_figure
from registry.errors import GateError
from registry.package.answered import answers_once
from registry.package.package import Package

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Decode: TypeAlias = Callable[["pd.Series[str]", Spec], Array]


def predict_test(
    package: Package, dataset: Dataset, config: EvaluationConfig, again: Decode | None = None
) -> Predictions:
    """What a package says of the test split: the shipped ONNX model is judged, not the network it came from.

    It is judged in the classes of the data set, matched by name, and on samples of its own spec: where the data set
    has another one, `again` decodes the samples of some hashes for it. What it has learned from is left out. The
    predictions carry the slices and pairs that `config` names.

    Raises:
        EvaluationError: `config` names a column that the data set has not, or no class is known to both.
        GateError: the package has learned from every test sample, or takes samples of another spec and nobody can
            decode for it.
        SourceError: a file that has to be decoded again is gone or changed.
    """
    judged = judged_test(package, dataset)
    rows = dataset.manifest[judged].reset_index(drop=True)
    _refuse_flattery(package, len(rows), len(dataset.rows("test")))
    said = answers_once(package, samples_for(package, dataset, rows, again)).astype(np.float64)
    return told(package, dataset, config, judged, said)


def told(
    package: Package, dataset: Dataset, config: EvaluationConfig, judged: "pd.Series[bool]", said: Floats
) -> Predictions:
    """A package's answers [N, columns] to the chosen rows of the manifest, in the classes of the data set.

    Raises:
        EvaluationError: as `predict_test`.
    """
    manifest, task = dataset.manifest, dataset.tasks[dataset.headline]
    others = manifest[["group"]].assign(label=dataset.answers(manifest))
    slices, rows = chosen_slices(dataset.slices(manifest), others, config), manifest[judged]
    answers = aligned(said, [task.today(name) for name in package.classes], dataset.classes)
    return Predictions(
        hashes=list(rows["hash"]),
        truth=dataset.labels(rows),
        probabilities=answers.probabilities,
        weights=rows["weight"].to_numpy(np.float64),
        groups=list(rows["group"]),
        slices=slices[judged.to_numpy()].reset_index(drop=True),
        classes=dataset.classes,
        unknown=answers.unknown,
    )


def judged_test(package: Package, dataset: Dataset) -> "pd.Series[bool]":
    """Which rows of the manifest a package is judged on: the test samples that it has learned nothing of.

    Another picture of the same person or part flatters as the sample's own would, so groups that it learned from are
    left out whole. Data that were regrouped since have other groups: of them only the samples that it learned.
    """
    manifest, had = dataset.manifest, package.reference
    learned = manifest["hash"].isin(had["hash"])
    if not regrouped(had, manifest):
        learned |= manifest["group"].isin(had["group"])
    return (manifest["split"] == "test") & ~learned


def regrouped(reference: pd.DataFrame, manifest: pd.DataFrame) -> bool:
    """Whether a sample that a package learned from is of another group today."""
    groups = manifest["hash"].map(dict(zip(reference["hash"], reference["group"], strict=True)))
    return bool((groups.notna() & (groups != manifest["group"])).any())


def _related(package: Package, dataset: Dataset) -> int:
    """How many test samples are judged although the package learned from the group that they are in today."""
    manifest = dataset.manifest
    groups = manifest.loc[manifest["hash"].isin(package.reference["hash"]), "group"]
    return int((judged_test(package, dataset) & manifest["group"].isin(groups)).sum())


def what_differs(package: Package, dataset: Dataset) -> tuple[str, ...]:
    """What a person must know of how a package was judged on a data set that is not as its own was; mostly nothing."""
    task, spec = dataset.tasks[dataset.headline], package.transform.spec
    names = [task.today(name) for name in package.classes]
    renamed = [f"{old} as {new}" for old, new in zip(package.classes, names, strict=True) if old != new]
    unknown = [name for name in dataset.classes if name not in names]
    gone = [name for name in names if name not in dataset.classes]
    test = len(dataset.rows("test"))
    learned = test - int(judged_test(package, dataset).sum())
    related = _related(package, dataset)
    told = {
        f"its answers are read by the present names: {few(renamed)}": renamed,
        f"it has never heard of {few(unknown)}, so that no sample of them can be right": unknown,
        f"what it gives to {few(gone)}, which the domain has no more, is shared out among the others": gone,
        f"it saw the samples as {spec.words}, as it was trained": spec != dataset.spec,
        f"{learned} of {test} test samples are left out, because it learned from them or their groups": learned,
        f"{related} test samples are in groups of today that it learned from, which may flatter it": related,
    }
    return tuple(text for text, holds in told.items() if holds)


def samples_for(package: Package, dataset: Dataset, rows: pd.DataFrame, again: Decode | None) -> Array:
    """The arrays of some rows as a package takes them.

    Raises:
        GateError: it takes samples of another spec and nobody can decode for it.
    """
    spec = package.transform.spec
    if spec == dataset.spec:
        return dataset.samples(rows)
    if again is None or type(spec) is not type(dataset.spec):
        raise GateError(
            f"the package takes {spec.words}, the data set has {dataset.spec.words}; evaluate it with its domain's "
            "files at hand, or start a new domain for another kind of sample"
        )
    return again(rows["hash"], spec)


def _refuse_flattery(package: Package, judged: int, samples: int) -> None:
    """Refuses a test split that the package knows by heart."""
    if samples and not judged:
        raise GateError(
            f"all {samples} test samples are among those that the package {package.folder} learned from, and would "
            "flatter it; draw a fresh test set from newer data with `regraft split refresh DOMAIN`"
        )


def evaluation_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Metrics by name: values with the ends of their intervals (ece: calibration), slices' estimates, disparities."""
    metrics: dict[str, float] = {}
    for name, interval in {**evaluation.metrics, "ece": evaluation.calibration}.items():
        metrics |= {
            f"test_{name}": interval.value,
            f"test_{name}_low": interval.low,
            f"test_{name}_high": interval.high,
        }
    judged = evaluation.slices[evaluation.slices["estimate"].notna()]
    for row in judged.to_dict("records"):
        metrics[f"slice_{row['metric']}/{row['column']}: {row['value']}"] = row["estimate"]
    for one in evaluation.disparities:
        metrics[f"disparity/{one.column}: {one.measure} of {one.label}"] = one.difference.value
    return metrics


def evaluation_figures(evaluation: Evaluation, predictions: Predictions, dataset: Dataset) -> dict[str, "Figure"]:
    """Confusion matrix, reliability curve, slices, and a grid of the worst errors beside a random sample."""
    test = dataset.rows("test")
    pictures = dataset.spec.thumbnails(dataset.samples(test[test["hash"].isin(predictions.hashes)]))
    figures = {
        "confusion_matrix": confusion_matrix_figure(predictions),
        "reliability": reliability_figure(predictions, evaluation),
        "samples": sample_grid_figure(pictures, predictions, seed=0),
    }
    return figures if evaluation.slices.empty else {**figures, "slices": slice_figure(evaluation)}
