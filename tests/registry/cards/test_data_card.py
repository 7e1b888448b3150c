"""The data card: mlcroissant's own loader reads it."""

import json

import mlcroissant
import pytest

from registry.cards.data_card import write_data_card
from registry.shipped.manifest import sha256


def test_write_data_card__mlcroissant_reads_it(workshop):
    """The library finds no error; version, files, hash and fields are those of the data set."""
    metadata = mlcroissant.Dataset(jsonld=workshop.package / "data_card.json").metadata
    assert not metadata.issues.errors
    assert metadata.version == f"0.0.0+{'d' * 32}.dir"
    files = {found.id: found for found in metadata.distribution}
    assert files["manifest.parquet"].sha256 == sha256(workshop.dataset.folder / "manifest.parquet")
    (samples,) = metadata.record_sets
    assert [found.name for found in samples.fields] == list(workshop.dataset.manifest.columns)


def test_write_data_card__records_can_be_read(workshop, tmp_path):
    """Beside the data, the card reads every sample with its label."""
    card = workshop.dataset.folder / "data_card.json"
    card.write_bytes((workshop.package / "data_card.json").read_bytes())
    records = list(mlcroissant.Dataset(jsonld=card).records("samples"))
    card.unlink()
    assert len(records) == len(workshop.dataset.manifest)
    assert records[0]["samples/label.label"] == b"dark"
    assert records[0]["samples/hash"].decode() == workshop.dataset.manifest["hash"][0]


@pytest.mark.parametrize(("licence", "said"), [("CC-BY-4.0", "CC-BY-4.0"), ("", None)])
def test_write_data_card__licence(workshop, card_facts, tmp_path, licence, said):
    """The licence that the domain states; none where it states none."""
    write_data_card(tmp_path, workshop.dataset, card_facts(workshop.root, workshop.dataset, data_licence=licence))
    card = json.loads((tmp_path / "data_card.json").read_text())
    assert card.get("license") == said
    assert "ISO/IEC 42001 A.7.5" in card["description"]
