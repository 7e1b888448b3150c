"""Judging a package: its predictions on the test split, their metrics, and the figures that people look at."""

import re
from typing import TYPE_CHECKING

import numpy as np

from data.stores.dataset import Dataset
from data.stores.manifest import LABEL
from evaluation.inference.config import EvaluationConfig
from evaluation.inference.slices import chosen_slices
from evaluation.predictions.predictions import Predictions
from evaluation.report.evaluate import Evaluation
from evaluation.report.figures import confusion_matrix_figure, reliability_figure, sample_grid_figure, slice_figure
from registry.errors import GateError
from registry.package.package import Package

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def predict_test(package: Package, dataset: Dataset, config: EvaluationConfig) -> Predictions:
    """What a package says of the test split: the shipped ONNX model is judged, not the network it came from.

    The predictions carry the slices and pairs that `config` names.

    Raises:
        EvaluationError: `config` names a column that the data set has not.
        GateError: the package knows other classes than the data set, or learned from test samples.
        PackageError: the data set's samples are not of the package's shape.
    """
    _refuse_foreign(package, dataset)
    rows, manifest = dataset.rows("test"), dataset.manifest
    others = manifest[["group"]].assign(label=manifest[LABEL + dataset.headline])
    slices = chosen_slices(dataset.slices(manifest), others, config)
    return Predictions(
        hashes=list(rows["hash"]),
        truth=dataset.labels(rows),
        probabilities=package.decisive(dataset.samples(rows)).astype(np.float64),
        weights=rows["weight"].to_numpy(np.float64),
        groups=list(rows["group"]),
        slices=slices[(manifest["split"] == "test").to_numpy()].reset_index(drop=True),
        classes=package.classes,
    )


def _refuse_foreign(package: Package, dataset: Dataset) -> None:
    """Refuses a data set that would say nothing of the package, or flatter it."""
    if package.classes != dataset.classes:
        raise GateError(
            f"the package knows the classes {', '.join(package.classes)}, the data set {', '.join(dataset.classes)}; "
            "they cannot be compared: start a new domain for the new classes"
        )
    if package.transform.spec != dataset.spec:
        raise GateError(
            "the package was trained with another transform than the data set has now and would be judged on foreign "
            "pixels; change data.transform back, or give the changed domain a new name"
        )
    rows = dataset.rows("test")
    known = set(rows["hash"]) & set(package.reference["hash"])
    if known:
        raise GateError(
            f"{len(known)} of {len(rows)} test samples are among those that the package {package.folder} learned from, "
            "and would flatter it; train a new version, or roll the champion back if it is the one that knows them"
        )


def evaluation_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Metrics for MLflow: each value with the ends of its interval (ece: calibration), and each slice's estimate."""
    metrics: dict[str, float] = {}
    for name, interval in {**evaluation.metrics, "ece": evaluation.calibration}.items():
        metrics |= {
            f"test_{name}": interval.value,
            f"test_{name}_low": interval.low,
            f"test_{name}_high": interval.high,
        }
    judged = evaluation.slices[evaluation.slices["estimate"].notna()]
    for row in judged.to_dict("records"):
        name = re.sub(
            r"[^\w .:/-]", "_", f"{row['column']}: {row['value']}", flags=re.ASCII
        )  # MLflow takes no other characters
        metrics[f"slice_{row['metric']}/{name}"] = row["estimate"]
    return metrics


def evaluation_figures(evaluation: Evaluation, predictions: Predictions, dataset: Dataset) -> dict[str, "Figure"]:
    """Confusion matrix, reliability curve, slices, and a grid of the worst errors beside a random sample."""
    pictures = dataset.spec.thumbnails(dataset.samples(dataset.rows("test")))
    figures = {
        "confusion_matrix": confusion_matrix_figure(predictions),
        "reliability": reliability_figure(predictions, evaluation),
        "samples": sample_grid_figure(pictures, predictions, seed=0),
    }
    return figures if evaluation.slices.empty else {**figures, "slices": slice_figure(evaluation)}
