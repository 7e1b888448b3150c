"""The crosswalk: evidence, never a claim."""

import re
from pathlib import Path

from registry.cards.crosswalk import CROSSWALK, evidence_in


def test_crosswalk__references_and_wording():
    """Each reference occurs once and has its framework's form; nothing says complies, conforms or certified."""
    form = {"NIST AI RMF": r"(GOVERN|MAP|MEASURE|MANAGE) \d\.\d+", "ISO/IEC 42001": r"A\.\d+\.\d+(\.\d+)?"}
    assert all(re.fullmatch(form[row.framework], row.reference) for row in CROSSWALK)
    assert len({(row.framework, row.reference) for row in CROSSWALK}) == len(CROSSWALK)
    template = Path(__file__).parents[3] / "registry" / "cards" / "model_card.md.jinja"
    words = " ".join(f"{row.topic} {row.shows}" for row in CROSSWALK) + template.read_text()
    assert not re.search(r"compl[iy]|conform|certif", words, re.IGNORECASE)


def test_evidence_in__only_what_exists(tmp_path):
    """A file that is not there is named nowhere; a row without files is left out."""
    (tmp_path / "bom.json").touch()
    found = evidence_in(tmp_path, "model_card.md")
    assert {name for row in found for name in row.files} == {"bom.json", "model_card.md"}
    assert "A.7.6" not in {row.reference for row in found}


def test_evidence_in__of_a_whole_package(workshop):
    """In a described package every row has evidence."""
    assert {row.reference for row in evidence_in(workshop.package)} == {row.reference for row in CROSSWALK}
