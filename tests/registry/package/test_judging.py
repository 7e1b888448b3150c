"""Judging: the shipped package on the test split alone."""

from dataclasses import replace

import numpy as np
import pytest

from data.stores.dataset import Dataset
from data.stores.manifest import read_table, write_table
from data.targets.classification import ClassificationTask
from evaluation.errors import EvaluationError
from evaluation.inference.bootstrap import Resampling
from evaluation.inference.config import EvaluationConfig
from evaluation.report.evaluate import evaluate
from registry.errors import GateError
from registry.package.judging import evaluation_figures, evaluation_metrics, predict_test
from registry.package.package import load_package


def test_predict_test__rows_of_the_test_split(workshop, project):
    """Hashes, labels, weights and groups are the test split's, the probabilities the package's."""
    package, rows = load_package(workshop.package), workshop.dataset.rows("test")
    found = predict_test(package, workshop.dataset, EvaluationConfig())
    assert found.hashes == list(rows["hash"])
    assert [found.classes[label] for label in found.truth] == list(rows["label.label"])
    assert np.array_equal(found.weights, rows["weight"])
    assert found.groups == list(rows["group"])
    assert np.allclose(found.probabilities, package.decisive(workshop.dataset.samples(rows)))
    assert (found.probabilities.argmax(1) == found.truth).mean() > 0.9


def test_predict_test__other_classes(workshop, project):
    """A package that knows other classes cannot be compared; both lists are named."""
    dataset = replace(workshop.dataset, tasks={"label": ClassificationTask(classes=("light", "dark"))})
    with pytest.raises(GateError, match="knows the classes dark, light, the data set light, dark"):
        predict_test(load_package(workshop.package), dataset, EvaluationConfig())


def test_predict_test__other_transform(own_workshop):
    """The same shape is not the same pixels: a package is judged on what it was trained for."""
    spec = own_workshop.dataset.spec.model_copy(update={"crop": 0.5})
    (own_workshop.dataset.folder / "transform.json").write_text(spec.model_dump_json())
    with pytest.raises(GateError, match="trained with another transform"):
        dataset = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=("dark", "light"))})
        predict_test(load_package(own_workshop.package), dataset, EvaluationConfig())


def test_predict_test__learned_from(own_workshop):
    """A version that has trained on what is tested now, as after a fresh split, is not judged."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(split=table["split"].replace({"test": "train", "val": "test"})))
    dataset = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=("dark", "light"))})
    with pytest.raises(GateError, match="32 of 32 test samples are among those that the package"):
        predict_test(load_package(own_workshop.package), dataset, EvaluationConfig())


def test_evaluation__metrics_and_figures(own_workshop):
    """Every metric has its interval, every slice its estimate under a name that MLflow takes, every figure its bars."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(**{"slice.site": np.where(table.index // 2 % 2, "Zürich & Graz", "b")}))
    dataset = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=own_workshop.dataset.classes)})
    predictions = predict_test(load_package(own_workshop.package), dataset, EvaluationConfig())
    found = evaluate(predictions, "auc", Resampling(seed=0))
    metrics = evaluation_metrics(found)
    assert metrics["test_auc_low"] <= metrics["test_auc"] <= metrics["test_auc_high"]
    assert metrics["test_ece_low"] <= metrics["test_ece"] <= metrics["test_ece_high"]
    assert {name for name in metrics if name.startswith("slice")} == {
        "slice_auc/site: Z_rich _ Graz",
        "slice_auc/site: b",
    }
    figures = evaluation_figures(found, predictions, dataset)
    assert set(figures) == {"confusion_matrix", "reliability", "samples", "slices"}


def test_predict_test__slices_that_are_chosen(own_workshop):
    """Pairs are those of the test rows, and a value that only other splits have is known as empty."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    where = np.where(table["split"] == "test", "line", "lab")
    write_table(path, table.assign(**{"slice.site": where, "slice.cell": table["label.label"]}))
    dataset = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=own_workshop.dataset.classes)})
    config = EvaluationConfig(slices=("site", ("site", "cell")))
    slices = predict_test(load_package(own_workshop.package), dataset, config).slices
    assert slices["site & cell"].tolist() == [f"line & {label}" for label in dataset.rows("test")["label.label"]]
    assert slices["site"].cat.categories.tolist() == ["lab", "line"]
    with pytest.raises(EvaluationError, match="the data has the columns: site, cell, group, label"):
        predict_test(load_package(own_workshop.package), dataset, EvaluationConfig(slices=("colour",)))
