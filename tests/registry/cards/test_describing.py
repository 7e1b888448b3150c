"""Describing: the packed file is judged, and what is written is sealed with the rest."""

import pytest

from evaluation.inference.config import EvaluationConfig
from registry.cards.describing import describe
from registry.cards.model_card import card_gaps
from registry.errors import PackageError
from registry.gate.config import GateConfig
from registry.package.judging import predict_test
from registry.package.package import load_package
from registry.shipped.manifest import manifest_text

GATE = GateConfig(floor=0.5, resamples=100)


def test_describe__judges_the_packed_file(own_workshop, card_facts):
    """The card's numbers are those of the ONNX file, and the cards are covered by the manifest."""
    folder, dataset = own_workshop.package, own_workshop.dataset
    for name in ("model_card.md", "data_card.json", "bom.json"):
        (folder / name).unlink(missing_ok=True)
    (folder / "manifest.json").write_text(manifest_text(folder))
    package = describe(folder, dataset, card_facts(own_workshop.root, dataset), GATE, EvaluationConfig())
    found = predict_test(package, dataset, EvaluationConfig())
    accuracy = ((found.probabilities.argmax(1) == found.truth) * found.weights).sum() / found.weights.sum()
    text = (folder / "model_card.md").read_text()
    assert f"| accuracy | {accuracy:.4f} |" in text
    assert card_gaps(folder) == ()
    (folder / "model_card.md").write_text(text.replace("Tests.", "Everything."))
    with pytest.raises(PackageError, match="model_card.md is not the file"):
        load_package(folder)


def test_describe__slices_of_the_domain(own_workshop, card_facts):
    """The slices that the domain names stand in the card, those that are too small among the limits."""
    dataset = own_workshop.dataset
    dataset.manifest["slice.side"] = ["left", "right"] * (len(dataset.manifest) // 2)
    facts = card_facts(own_workshop.root, dataset)
    package = describe(own_workshop.package, dataset, facts, GATE, EvaluationConfig(slices=("side",)))
    text = (package.folder / "model_card.md").read_text()
    assert "| side = left | 8 |" in text
    assert "Slices that could not be judged: side = left; side = right." in text


def test_describe__altered(own_workshop, card_facts):
    """What was altered since it was packed is neither judged nor sealed."""
    (own_workshop.package / "labels.json").write_text("{}")
    facts = card_facts(own_workshop.root, own_workshop.dataset)
    with pytest.raises(PackageError, match="labels.json is not the file"):
        describe(own_workshop.package, own_workshop.dataset, facts, GATE, EvaluationConfig())
