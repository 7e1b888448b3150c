"""The bill of materials: model, backbone, data set and libraries as a CycloneDX ML-BOM."""

import json
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any

from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from evaluation.report.evaluate import Evaluation
from registry.cards.crosswalk import BOM, CARD, evidence_in
from registry.cards.facts import Facts
from registry.package.package import Package
from registry.shipped.manifest import sha256

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

NAME = BOM
# What decides the numbers of a training or a prediction.
LIBRARIES = (
    "regraft", "numpy", "onnx", "onnxruntime", "pandas", "peft", "pillow", "pytorch-lightning", "safetensors",
    "scikit-learn", "timm", "torch", "torchvision",
)  # fmt: skip


def write_bom(package: Package, dataset: Dataset, facts: Facts, evaluation: Evaluation) -> None:
    """Writes bom.json, CycloneDX 1.6.

    Raises:
        StorageError: the disk refused the write.
    """
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    bom, model = Bom(), _model(package, facts)
    parts = [_backbone(facts), _data(dataset, facts), *_libraries()]
    bom.metadata.component = model
    bom.components.update(parts)
    bom.register_dependency(model, parts)
    content = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    # The library has no class for the model card of the standard yet.
    content["metadata"]["component"]["modelCard"] = _model_card(package, facts, evaluation)
    write_text(package.folder / NAME, json.dumps(content, indent=1))


def _model(package: Package, facts: Facts) -> "Component":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
    from cyclonedx.model.component import Component, ComponentType

    rows = [row for row in evidence_in(package.folder, NAME) if NAME in row.files]
    evidence = [Property(name=f"regraft:evidence:{row.framework} {row.reference}", value=row.shows) for row in rows]
    return Component(
        name=facts.domain, type=ComponentType.MACHINE_LEARNING_MODEL, bom_ref="model", description=facts.description,
        hashes=[_hash(sha256(package.folder / "model.onnx"))], properties=evidence,
        external_references=[ExternalReference(type=ExternalReferenceType.MODEL_CARD, url=XsUri(CARD))],
    )  # fmt: skip


def _backbone(facts: Facts) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        name=facts.training.backbone, version=facts.lineage["backbone_revision"], bom_ref="backbone",
        type=ComponentType.MACHINE_LEARNING_MODEL, hashes=[_hash(facts.lineage["backbone_sha256"])],
        licenses=[LicenseFactory().make_from_string(facts.lineage["backbone_licence"])],
        description="pretrained backbone; the hash is that of its weight file",
    )  # fmt: skip


def _data(dataset: Dataset, facts: Facts) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        name=f"{facts.domain} data", version=facts.dataset_version, type=ComponentType.DATA, bom_ref="data",
        hashes=[_hash(sha256(dataset.folder / "manifest.parquet"))],
        licenses=[LicenseFactory().make_from_string(facts.data_licence)] if facts.data_licence else [],
        description="training, validation and test data; the hash is that of the manifest, which holds each sample's",
    )  # fmt: skip


def _libraries() -> list["Component"]:
    """The installed ones of those that decide a result."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(_library(name))
        except PackageNotFoundError:
            continue
    return found


def _library(name: str) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    known = metadata(name)
    licence = known["License-Expression"] if "License-Expression" in known else ""  # noqa: SIM401 - it has no get
    return Component(
        name=name, version=known["Version"], type=ComponentType.LIBRARY, bom_ref=f"pypi/{name}",
        purl=PackageURL("pypi", None, name, known["Version"]),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )  # fmt: skip


def _model_card(package: Package, facts: Facts, evaluation: Evaluation) -> dict[str, Any]:
    """The modelCard object of CycloneDX 1.6."""
    shown = {name: found for name, found in evaluation.metrics.items() if found.is_finite}
    spec = package.transform.spec
    tensor = f"{spec.dtype} [N, {', '.join(map(str, spec.shape))}]"
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": package.headline,
            "modelArchitecture": package.backbone,
            "datasets": [{"ref": "data"}],
            "inputs": [{"format": tensor}],
            "outputs": [{"format": f"probabilities of {', '.join(package.classes)}"}, {"format": "embedding"}],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [
                {
                    "type": name, "value": f"{found.value:.4f}", "slice": "test split",
                    "confidenceInterval": {"lowerBound": f"{found.low:.4f}", "upperBound": f"{found.high:.4f}"},
                }
                for name, found in shown.items()
            ]
        },
        "considerations": {"useCases": [facts.intended_use]},
    }  # fmt: skip


def _hash(digest: str) -> Any:
    from cyclonedx.model import HashAlgorithm, HashType

    return HashType(alg=HashAlgorithm.SHA_256, content=digest)
