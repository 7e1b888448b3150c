"""The bill of materials: valid CycloneDX that names model, backbone, data and libraries."""

import json
from importlib.metadata import version

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from evaluation.inference.bootstrap import Resampling
from evaluation.inference.config import EvaluationConfig
from evaluation.report.evaluate import evaluate
from registry.cards.bom import write_bom
from registry.package.judging import predict_test
from registry.package.package import load_package
from registry.shipped.manifest import sha256


@pytest.fixture(scope="module")
def bom(workshop):
    """The workshop's bill of materials."""
    return json.loads((workshop.package / "bom.json").read_text())


def test_write_bom__valid_by_the_library(workshop):
    """The library's own strict validator has nothing to say, to the model card within neither."""
    content = (workshop.package / "bom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None


def test_write_bom__what_the_model_is_made_of(workshop, bom):
    """The model's hash is that of the shipped file; backbone, data and libraries are there with hash or version."""
    model, parts = bom["metadata"]["component"], {part["bom-ref"]: part for part in bom["components"]}
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == sha256(workshop.package / "model.onnx")
    assert parts["backbone"]["hashes"][0]["content"].startswith("579344248a93")
    assert parts["backbone"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert parts["data"]["version"] == "d" * 32 + ".dir"
    assert parts["pypi/torch"]["purl"] == f"pkg:pypi/torch@{version('torch')}"
    (depends,) = [row["dependsOn"] for row in bom["dependencies"] if row["ref"] == "model"]
    assert set(depends) == parts.keys()


def test_write_bom__model_card(bom):
    """Intended use and metrics stand in the standard's own fields, and the card is linked."""
    card = bom["metadata"]["component"]["modelCard"]
    assert card["considerations"]["useCases"] == ["Tests."]
    shown = {found["type"]: found["value"] for found in card["quantitativeAnalysis"]["performanceMetrics"]}
    assert 0 <= float(shown["brier"]) < 1
    assert {"type": "model-card", "url": "model_card.md"} in bom["metadata"]["component"]["externalReferences"]


@pytest.mark.parametrize("licence", ["CC BY-NC-SA, install only", ""])
def test_write_bom__any_licence(own_workshop, card_facts, licence):
    """A licence that is no SPDX identifier, or none, still makes a valid file."""
    package, dataset = load_package(own_workshop.package), own_workshop.dataset
    evaluation = evaluate(predict_test(package, dataset, EvaluationConfig()), "auc", Resampling(seed=0, resamples=100))
    write_bom(package, dataset, card_facts(own_workshop.root, dataset, data_licence=licence), evaluation)
    content = (own_workshop.package / "bom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None
    assert (licence in content) or not licence
