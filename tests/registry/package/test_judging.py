"""Judging: the shipped package on the test split alone."""

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
from registry.package.judging import evaluation_figures, evaluation_metrics, predict_test, what_differs
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


@pytest.fixture
def changed(own_workshop):
    """The workshop's data with other classes, another spec or other splits."""

    def make(classes=("dark", "light"), spec=None, splits=None, **task):
        path = own_workshop.dataset.folder / "manifest.parquet"
        table = read_table(path)
        write_table(path, table.assign(split=table["split"].replace(splits or {})))
        if spec is not None:
            (path.parent / "transform.json").write_text(spec.model_dump_json())
        return Dataset(path.parent, {"label": ClassificationTask(classes=classes, **task)})

    return make


def test_predict_test__reordered_classes(workshop, changed):
    """Classes are matched by name: in another order each keeps its probability."""
    package = load_package(workshop.package)
    first = predict_test(package, workshop.dataset, EvaluationConfig())
    second = predict_test(package, changed(("light", "dark")), EvaluationConfig())
    assert np.allclose(second.probabilities, first.probabilities[:, ::-1])
    assert np.array_equal(second.truth, 1 - first.truth)
    assert what_differs(package, changed(("light", "dark"))) == ()


def test_predict_test__renamed_class(workshop, changed):
    """A class that the domain calls otherwise now is read by its present name, and that is said."""
    package, dataset = load_package(workshop.package), changed(("dark", "pale"), renamed={"light": "pale"})
    assert what_differs(package, dataset) == ("its answers are read by the present names: light as pale",)
    table = dataset.manifest
    table["label.label"] = dataset.tasks["label"].read(table["label.label"])
    found = predict_test(package, dataset, EvaluationConfig())
    assert found.classes == ("dark", "pale")
    assert (found.probabilities.argmax(1) == found.truth).mean() > 0.9


def test_predict_test__new_class(workshop, changed):
    """A class that came later is unknown to the package, which gives it nothing."""
    package, dataset = load_package(workshop.package), changed(("dark", "grey", "light"))
    found = predict_test(package, dataset, EvaluationConfig())
    assert found.unknown == ("grey",)
    assert not found.probabilities[:, 1].any()
    assert what_differs(package, dataset) == ("it has never heard of grey, so that no sample of them can be right",)


def test_predict_test__class_gone(workshop, changed):
    """A class that is no more is named, and its share goes to the others."""
    package, dataset = load_package(workshop.package), changed(("dark", "grey"))
    assert "what it gives to light, which the domain has no more" in " ".join(what_differs(package, dataset))


def test_predict_test__own_spec(own_workshop, changed):
    """A package answers samples decoded for it, not the arrays of another spec; without files it is refused."""
    package, rows = load_package(own_workshop.package), own_workshop.dataset.rows("test")
    spec, first = own_workshop.dataset.spec, predict_test(package, own_workshop.dataset, EvaluationConfig())
    arrays = own_workshop.dataset.samples(rows)
    dataset = changed(spec=spec.model_copy(update={"size": 32}))
    asked = []

    def again(hashes, wanted):
        asked.append((list(hashes), wanted))
        return arrays

    found = predict_test(package, dataset, EvaluationConfig(), again)
    assert asked == [(list(rows["hash"]), spec)]
    assert np.array_equal(found.probabilities, first.probabilities)
    assert what_differs(package, dataset) == ("it saw the samples as 64 x 64 pixels, grey, as it was trained",)
    with pytest.raises(GateError, match="takes 64 x 64 pixels, grey, the data set has 32 x 32"):
        predict_test(package, dataset, EvaluationConfig())


def test_predict_test__learned_from(own_workshop, changed):
    """Samples that a version has trained on are left out, which is said; a test set of nothing else is refused."""
    package, test = load_package(own_workshop.package), own_workshop.dataset.rows("test")
    dataset = changed(splits={"val": "test"})
    assert predict_test(package, dataset, EvaluationConfig()).hashes == list(test["hash"])
    assert what_differs(package, dataset) == (
        "32 of 48 test samples are left out, because it learned from them or their groups",
    )
    manifest = own_workshop.dataset.folder / "manifest.parquet"
    write_table(manifest, dataset.manifest[dataset.manifest["split"] != "test"].assign(split="test"))
    with pytest.raises(GateError, match=r"all \d+ test samples are among those that the package"):
        predict_test(package, changed(), EvaluationConfig())


@pytest.mark.parametrize(
    ("gone", "regrouped", "left_out"),
    [(False, False, 1), (True, False, 1), (False, True, 0)],
)
def test_predict_test__learned_from_its_group(own_workshop, changed, gone, regrouped, left_out):
    """A test sample of a group that a version learned from is left out, also where what it learned is no longer there.

    Where the data were regrouped it stays, and the page says what that may do.
    """
    package, path = load_package(own_workshop.package), own_workshop.dataset.folder / "manifest.parquet"
    table, first = read_table(path), own_workshop.dataset.rows("test").iloc[0]
    learned = table[table["split"] == "train"].iloc[0]
    table.loc[table["hash"] == first["hash"], "group"] = learned["group"]
    if regrouped:
        table.loc[table["split"] == "val", "group"] += " of today"
    there = (table["group"] != learned["group"]) | (table["split"] == "test")
    write_table(path, table[there] if gone else table)
    found = predict_test(package, changed(), EvaluationConfig())
    assert (first["hash"] not in found.hashes) == bool(left_out)
    assert len(found) == len(own_workshop.dataset.rows("test")) - left_out
    told = "1 test samples are in groups of today that it learned from, which may flatter it"
    assert (told in what_differs(package, changed())) == regrouped


def test_evaluation__metrics_and_figures(own_workshop):
    """Every metric has its interval, every slice its estimate under its own name, every figure its bars."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    write_table(path, table.assign(**{"slice.site": np.where(table.index // 2 % 2, "Zürich & Graz", "b")}))
    dataset = Dataset(own_workshop.dataset.folder, {"label": ClassificationTask(classes=own_workshop.dataset.classes)})
    predictions = predict_test(load_package(own_workshop.package), dataset, EvaluationConfig())
    found = evaluate(predictions, "auc", Resampling(seed=0), ["site"])
    metrics = evaluation_metrics(found)
    assert metrics["test_auc_low"] <= metrics["test_auc"] <= metrics["test_auc_high"]
    assert metrics["test_ece_low"] <= metrics["test_ece"] <= metrics["test_ece_high"]
    assert {name for name in metrics if name.startswith("slice")} == {
        "slice_auc/site: Zürich & Graz",
        "slice_auc/site: b",
    }
    assert [name for name in metrics if name.startswith("disparity")] == [
        f"disparity/site: {measure} of light"
        for measure in ("selection rate", "true positive rate", "false positive rate")
    ]
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
