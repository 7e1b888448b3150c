"""`regraft hand-over`: a version in a folder for those who have no Regraft."""

import json
import os
from unittest import mock

import pytest
from click.testing import CliRunner

from flows.cli import regraft
from flows.shown.hand_over import hand_over_version
from registry.errors import ModelNotFoundError


def test_hand_over_version__champion_or_named(registered, project):
    """Without a champion a version has to be named; the command says where it lies and how to run it."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    number = registered()
    with pytest.raises(ModelNotFoundError, match="has nothing in production; name one by --version"):
        hand_over_version("photos", project / "out")
    with mock.patch.dict(os.environ):
        found = CliRunner().invoke(regraft, ["hand-over", "photos", "out", "--version", str(number), "--json"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["version"], told["program"]) == (number, str(project / "out" / "predict.py"))
    held = {path.name for path in (project / "out").iterdir()}
    assert held == {"model.py", "package", "predict.py", "requirements.txt"}
    assert json.loads((project / "out" / "package" / "origin.json").read_text())["domain"] == "photos"
