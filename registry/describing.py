"""Describing a package: judge the packed file, write its cards and bill of materials, and seal all of it."""

from pathlib import Path

from data.dataset import Dataset
from evaluation.config import EvaluationConfig
from evaluation.evaluate import evaluate
from registry.bom import write_bom
from registry.config import GateConfig
from registry.data_card import write_data_card
from registry.facts import Facts
from registry.judging import predict_test
from registry.model_card import write_model_card
from registry.package import Package, load_package
from registry.packing import seal


def describe(folder: Path, dataset: Dataset, facts: Facts, gate: GateConfig, slices: EvaluationConfig) -> Package:
    """Adds model_card.md, data_card.json and bom.json to a package; the package is verified before and sealed after.

    Raises:
        PackageError: the package was altered, or cannot be signed.
        EvaluationError: the test split cannot be judged, as when all of it is of one class.
        StorageError: the disk refused a write.
    """
    package = load_package(folder)
    predictions = predict_test(package, dataset, slices)
    evaluation = evaluate(
        predictions, metric=gate.metric, seed=gate.seed, resamples=gate.resamples, level=gate.level,
    )  # fmt: skip
    write_data_card(folder, dataset, facts)
    write_bom(package, dataset, facts, evaluation)
    write_model_card(package, dataset, facts, evaluation)  # last, for it names the other files
    seal(folder)
    return load_package(folder)
