"""Describing a package: judge the packed file, write its cards and bill of materials, and seal all of it."""

from pathlib import Path

from data.stores.dataset import Dataset
from evaluation.inference.config import EvaluationConfig
from evaluation.report.evaluate import evaluate
from registry.cards.bom import write_bom
from registry.cards.data_card import write_data_card
from registry.cards.facts import Facts
from registry.cards.model_card import NAME, OTHERS, write_model_card
from registry.gate.config import GateConfig
from registry.package.judging import predict_test
from registry.package.package import Package, load_package
from registry.package.packing import seal


def describe(folder: Path, dataset: Dataset, facts: Facts, gate: GateConfig, slices: EvaluationConfig) -> Package:
    """Adds model_card.md, data_card.json and bom.json to a package; the package is verified before and sealed after.

    Raises:
        PackageError: the package was altered, or cannot be signed.
        EvaluationError: the test split cannot be judged, as when all of it is of one class.
        StorageError: the disk refused a write.
    """
    package = load_package(folder)
    predictions = predict_test(package, dataset, slices)
    evaluation = evaluate(predictions, gate.metric, gate.resampling, slices.protected)
    write_data_card(folder, dataset, facts)
    write_bom(package, dataset, facts, evaluation)
    write_model_card(package, dataset, facts, evaluation)  # last, for it names the other files
    kept = {name: digest for name, digest in (package.digests or {}).items() if name not in {NAME, *OTHERS}}
    seal(folder, kept)
    return load_package(folder)
