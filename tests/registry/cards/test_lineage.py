"""What a run is traced back by."""

import json
import subprocess

from lightning_modules.config import TrainingConfig
from lightning_modules.hub.backbones import load_pretrained
from registry.cards.lineage import lineage

BACKBONE = "tf_efficientnet_lite0.imagenet"
TRAINING = {"backbone": BACKBONE, "recipe": {"kind": "linear_probe"}, "seed": 7}


def test_lineage__names_everything(workshop, project):
    """Data, pixels, weights, recipe, seed, code and environment are all there, each with its own value."""
    pretrained = load_pretrained(project, BACKBONE)
    card, transform = pretrained.card, pretrained.transform(workshop.dataset.spec)
    tags = lineage("d" * 32, transform, pretrained, TrainingConfig.model_validate_json(json.dumps(TRAINING)))
    assert tags["dataset_version"] == "d" * 32
    assert tags["transform"] == transform.hash
    assert tags["backbone_sha256"] == card.sha256
    assert (tags["backbone_revision"], tags["backbone_licence"]) == (card.revision, card.licence)
    assert (tags["recipe"], tags["seed"]) == ("linear_probe", "7")
    assert len(tags["environment"]) == 64
    assert all(tags.values())


def test_lineage__commit_of_the_code_not_of_the_project(workshop, project):
    """The commit is Regraft's own, wherever the project lies."""
    pretrained = load_pretrained(project, BACKBONE)
    training = TrainingConfig.model_validate_json(json.dumps(TRAINING))
    found = lineage("", pretrained.transform(workshop.dataset.spec), pretrained, training)["code_commit"]
    here = __file__.rsplit("/", 1)[0]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False).stdout
    assert found.removesuffix("-dirty") == (head.strip() or "unknown")
