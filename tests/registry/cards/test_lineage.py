"""What a run is traced back by."""

import json
import subprocess
from pathlib import Path

from lightning_modules.config import TrainingConfig
from lightning_modules.hub.backbones import load_pretrained
from registry.cards.lineage import lineage, regraft_commit

BACKBONE = "tf_efficientnet_lite0.imagenet"
HERE = Path(__file__).parent
TRAINING = {"backbone": BACKBONE, "recipe": {"kind": "linear_probe"}, "seed": 7}


def test_lineage__names_everything(workshop, project):
    """Data, pixels, weights, recipe, seed, code and environment are all there, each with its own value."""
    pretrained = load_pretrained(project, BACKBONE)
    card, transform = pretrained.card, pretrained.transform(workshop.dataset.spec)
    tags = lineage(project, "d" * 32, transform, pretrained, TrainingConfig.model_validate_json(json.dumps(TRAINING)))
    assert tags["dataset_version"] == "d" * 32
    assert tags["transform"] == transform.hash
    assert tags["backbone_sha256"] == card.sha256
    assert (tags["backbone_revision"], tags["backbone_licence"]) == (card.revision, card.licence)
    assert (tags["recipe"], tags["seed"]) == ("linear_probe", "7")
    assert len(tags["environment"]) == 64
    assert all(tags.values())


def commit_of(folder):
    """The commit that a repository stands at; a new one, of one file."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "--quiet"], ["add", "params.yaml"], ["commit", "--quiet", "--message", "first"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_lineage__commits_of_code_and_project(workshop, project):
    """Each stands under its own name: Regraft's code comes from one repository, the project is another."""
    (project / "params.yaml").write_text("{}")
    pretrained, own = load_pretrained(project, BACKBONE), commit_of(project).strip()
    training = TrainingConfig.model_validate_json(json.dumps(TRAINING))
    found = lineage(project, "", pretrained.transform(workshop.dataset.spec), pretrained, training)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False).stdout
    assert found["regraft_commit"].removesuffix("-dirty") == (head.strip() or regraft_commit(Path("/nowhere/a.py")))
    assert found["project_commit"] == own != found["regraft_commit"]
    (project / "params.yaml").write_text("{changed: 1}")
    assert (
        lineage(project, "", pretrained.transform(workshop.dataset.spec), pretrained, training)["project_commit"]
        == f"{own}-dirty"
    )


def test_regraft_commit__installed_in_a_project(project):
    """Code that lies in the environment of a project's repository is not of that repository's commit."""
    own = commit_of(project).strip()
    file = project / ".venv" / "registry" / "lineage.py"
    file.parent.mkdir(parents=True)
    file.touch()
    assert own not in regraft_commit(file)


def test_lineage__project_without_git(workshop, tmp_path):
    """It says so, which is no gap."""
    pretrained = load_pretrained(tmp_path, BACKBONE)
    training = TrainingConfig.model_validate_json(json.dumps(TRAINING))
    found = lineage(tmp_path, "", pretrained.transform(workshop.dataset.spec), pretrained, training)
    assert found["project_commit"] == "unknown, no Git repository with a commit"
