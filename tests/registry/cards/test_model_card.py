"""The model card: filled from the run, readable for the hub's own class, complete or not registered."""

from dataclasses import replace

import pytest
from huggingface_hub import ModelCard

from evaluation.inference.bootstrap import Resampling
from evaluation.inference.config import EvaluationConfig
from evaluation.inference.disparity import Disparity
from evaluation.inference.interval import Interval
from evaluation.report.evaluate import evaluate
from registry.cards.facts import UNSAID
from registry.cards.model_card import FIELDS, card_gaps, write_model_card
from registry.package.judging import predict_test
from registry.package.package import load_package

CARD = "model_card.md"


@pytest.fixture(scope="module")
def judged(workshop):
    """The workshop's package and what it is worth on the test split."""
    package = load_package(workshop.package)
    return package, evaluate(
        predict_test(package, workshop.dataset, EvaluationConfig()), "auc", Resampling(seed=0, resamples=100)
    )


@pytest.fixture
def written(judged, workshop, card_facts, tmp_path):
    """Writes the card into a folder of its own; keyword arguments are facts. Returns the folder."""

    def write(**changes):
        (tmp_path / "data_card.json").touch()
        (tmp_path / "bom.json").touch()
        package = replace(judged[0], folder=tmp_path)
        write_model_card(package, workshop.dataset, card_facts(workshop.root, workshop.dataset, **changes), judged[1])
        return tmp_path

    return write


def test_write_model_card__says_what_the_run_was(written, judged):
    """Purpose, data, backbone, metrics with intervals, temperature, cost: each stands in its section."""
    text = (written() / CARD).read_text()
    found = judged[1].metrics["log_loss"]
    backbone = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    for said in (
        "## Intended use\n\nTests.", "| Samples | test 16, train 32, val 32 |", f"| sha256 | {backbone} |",
        f"| log_loss | {found.value:.4f} | {found.low:.4f} | {found.high:.4f} |", "The data have no slices.",
        f"| Temperature | {judged[0].temperatures['label']:.4g}, fitted", "1e-05 kWh, an estimate",
        "| Time | 3.0 seconds",
    ):  # fmt: skip
        assert said in text


def test_write_model_card__refit(written):
    """What the head learned from in the end, and what its temperature was then fitted on."""
    once, again = ((written(refitted=count) / CARD).read_text() for count in (0, 64))
    assert "| Refit | none: it learned from the training samples alone |" in once
    assert "fitted on the validation split, inside" in once
    assert "| Refit | the head anew on all 64 training and validation samples, once validation had chosen |" in again
    assert "fitted on answers by heads of cross-fitting, which had not seen the sample nor its group, inside" in again


def test_write_model_card__metadata_of_the_hub(written, judged):
    """The hub's own class reads the metadata block; results are of the test split of this data version."""
    data = ModelCard.load(written() / CARD).data
    (result,) = [found for found in data.eval_results if found.metric_type == "accuracy"]
    assert result.metric_value == pytest.approx(judged[1].metrics["accuracy"].value, abs=1e-4)
    assert (result.dataset_split, result.dataset_revision) == ("test", "d" * 32 + ".dir")
    assert data.base_model == judged[0].backbone


def test_write_model_card__a_users_words_break_no_table(written):
    """A bar or a line break in a value does not make another column or row."""
    folder = written(data_licence="mine | yours\nand theirs")
    assert "| Licence | mine \\| yours and theirs |" in (folder / CARD).read_text()
    assert card_gaps(folder) == ()


def test_write_model_card__evidence_names_files_that_exist(written):
    """The crosswalk ends the card and names no file that is not there."""
    folder = written()
    evidence = (folder / CARD).read_text().partition("## Evidence")[2]
    assert "NIST AI RMF | MAP 1.1" in evidence
    assert "ISO/IEC 42001 | A.7.5" in evidence
    assert "manifest.sig" not in evidence
    assert "reference.parquet" not in evidence
    (folder / "manifest.sig").touch()
    assert "`manifest.sig`" in (written() / CARD).read_text()


def test_card_gaps__of_the_workshop(workshop):
    """A described package has none."""
    assert card_gaps(workshop.package) == ()


@pytest.mark.parametrize("words", ["", "Not stated.", "  ", UNSAID, UNSAID.replace(", and", ",\nand")])
def test_card_gaps__intended_use(written, words):
    """A domain that does not say what its model is for has a gap."""
    assert card_gaps(written(intended_use=words)) == ("Intended use",)


@pytest.mark.parametrize(("field", "name"), [("backbone_licence", "Licence"), ("backbone_sha256", "sha256")])
def test_card_gaps__of_the_backbone(written, workshop, card_facts, field, name):
    """An unknown licence or hash of the backbone is a gap with its section."""
    known = card_facts(workshop.root, workshop.dataset).lineage
    assert card_gaps(written(lineage={**known, field: ""})) == (f"Training: {name}",)


def test_card_gaps__missing_parts(written):
    """A missing file, section and row are each named."""
    folder = written()
    (folder / "bom.json").unlink()
    text = (folder / CARD).read_text().replace("## Limits", "Limits").replace("| Samples |", "| Counts |")
    (folder / CARD).write_text(text)
    assert card_gaps(folder) == ("bom.json", "Limits", "Data: Samples")
    (folder / CARD).write_text("")
    assert card_gaps(folder) == ("bom.json", *FIELDS)
    (folder / CARD).unlink()
    assert card_gaps(folder) == (CARD, "bom.json")


def test_write_model_card__energy_unknown(written):
    """A fit whose energy was not measured says so, which is no gap."""
    folder = written(energy=None)
    assert "| Energy | not measured on this machine |" in (folder / CARD).read_text()
    assert card_gaps(folder) == ()


def test_write_model_card__disparities(judged, workshop, card_facts, tmp_path):
    """Protected columns have a section of their own, small groups with their number; without any there is none."""
    apart = Disparity("site", "selection rate", "light", {"b": 0.25, "a": 0.5}, {"c": 7}, Interval(0.25, 0.125, 0.375),
                      Interval(0.5, 0.25, 0.75))  # fmt: skip
    package, facts = replace(judged[0], folder=tmp_path), card_facts(workshop.root, workshop.dataset)
    write_model_card(package, workshop.dataset, facts, replace(judged[1], disparities=(apart,)))
    text = (tmp_path / CARD).read_text()
    row = "| site | selection rate | light | 0.2500 | 0.1250 | 0.3750 | 0.5000 | 0.2500 | 0.7500 |"
    assert f"{row} b 0.250, a 0.500; too small: c (7 samples) |" in text.split("## Disparities")[1].split("## ")[0]
    write_model_card(package, workshop.dataset, facts, judged[1])
    assert "## Disparities" not in (tmp_path / CARD).read_text()
