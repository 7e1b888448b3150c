"""Which file of a package is evidence for which outcome of NIST AI RMF 1.0 or control of ISO/IEC 42001:2023, Annex A.

Whoever assesses a system finds here where to look. That a file is named says that it exists, not that it suffices.
"""

from dataclasses import dataclass
from pathlib import Path

CARD, DATA, BOM, SEAL = "model_card.md", "data_card.json", "bom.json", "manifest.sig"
SPEC, LABELS, CHECKS, REFERENCE = "transform.json", "labels.json", "checks.json", "reference.parquet"
NIST, ISO = "NIST AI RMF", "ISO/IEC 42001"


@dataclass(frozen=True)
class Evidence:
    """Files that an assessor can read for one subcategory or control, and what they show."""

    framework: str
    reference: str
    topic: str
    shows: str
    files: tuple[str, ...]


CROSSWALK = (
    Evidence(NIST, "GOVERN 1.6", "inventory of AI systems", "what the model is made of", (BOM, "manifest.json")),
    Evidence(NIST, "GOVERN 6.1", "third-party risks", "licence and hash of backbone and data", (BOM, DATA)),
    Evidence(NIST, "MAP 1.1", "purpose and context", "intended use", (CARD,)),
    Evidence(NIST, "MAP 2.1", "task and method", "task, classes, recipe and pixels", (CARD, LABELS, SPEC)),
    Evidence(NIST, "MAP 2.2", "limits of knowledge", "limits", (CARD,)),
    Evidence(NIST, "MAP 2.3", "integrity of test and data", "data version, splits, parity", (DATA, CHECKS)),
    Evidence(NIST, "MAP 4.1", "legal risks of components", "licences that are stated", (BOM, CARD)),
    Evidence(NIST, "MEASURE 2.1", "test sets and metrics", "metrics with intervals and the test split", (CARD, DATA)),
    Evidence(NIST, "MEASURE 2.3", "performance", "metrics of the packed file", (CARD, "model.onnx")),
    Evidence(NIST, "MEASURE 2.4", "behaviour in production", "what drift is measured against", (REFERENCE,)),
    Evidence(NIST, "MEASURE 2.5", "validity and reliability", "calibration, golden-batch parity", (CARD, CHECKS)),
    Evidence(NIST, "MEASURE 2.7", "security and resilience", "hash of each file, signature", ("manifest.json", SEAL)),
    Evidence(NIST, "MEASURE 2.11", "fairness and bias", "metrics of slices, disparities of protected ones", (CARD,)),
    Evidence(NIST, "MEASURE 2.12", "environmental impact", "energy of the training, where measured", (CARD,)),
    Evidence(NIST, "MANAGE 3.2", "pre-trained models", "backbone, revision and hash", (BOM,)),
    Evidence(ISO, "A.4.3", "data resources", "data version, fields and hashes", (DATA,)),
    Evidence(ISO, "A.4.4", "tooling resources", "versions of the libraries", (BOM,)),
    Evidence(ISO, "A.6.2.3", "design and development", "recipe, backbone, seed, code version", (CARD,)),
    Evidence(ISO, "A.6.2.4", "verification and validation", "metrics, slices, parity", (CARD, CHECKS)),
    Evidence(ISO, "A.6.2.6", "operation and monitoring", "what drift is measured against", (REFERENCE,)),
    Evidence(ISO, "A.6.2.7", "technical documentation", "model and its parts", (CARD, BOM, SPEC, LABELS)),
    Evidence(ISO, "A.7.4", "quality of data", "splits, classes and sizes", (DATA, CARD)),
    Evidence(ISO, "A.7.5", "provenance of data", "version and hash of the data", (DATA, BOM)),
    Evidence(ISO, "A.7.6", "preparation of data", "decode, resize, crop and normalisation", (SPEC,)),
    Evidence(ISO, "A.8.2", "information for users", "intended use, limits, metrics", (CARD,)),
    Evidence(ISO, "A.9.4", "intended use", "what the model is for, and what it is not for", (CARD,)),
    Evidence(ISO, "A.10.3", "suppliers", "backbone and libraries, version and licence", (BOM,)),
)  # fmt: skip


def evidence_in(folder: Path, *coming: str) -> list[Evidence]:
    """The rows whose files lie in the folder or are about to (`coming`), each with just these files."""
    there = {path.name for path in folder.iterdir()} | set(coming)
    found = [(row, tuple(name for name in row.files if name in there)) for row in CROSSWALK]
    return [Evidence(row.framework, row.reference, row.topic, row.shows, files) for row, files in found if files]
