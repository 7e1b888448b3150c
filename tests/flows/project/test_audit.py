"""`regraft audit` from its arguments to what it prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import flows.cli.data.audit as module
from data.errors import SourceError
from flows.cli import regraft
from flows.project.audit import audit
from tasks.making.audit import AuditReport


@pytest.fixture
def answered(monkeypatch):
    """Answers the command with a report."""
    counts = {"near-duplicates across splits": 3, "label noise": 2}
    left_out = {"poisoning screen": "why not"}
    report = AuditReport("solar", "v", 40, counts, left_out, Path("p/audit.html"), Path("p/audit.csv"), "run", ())
    monkeypatch.setattr(module, "prepared_flow", lambda file, name: (file, name))
    monkeypatch.setattr(module, "run_flow", lambda flow, *arguments: report)


@pytest.mark.usefixtures("answered")
def test_audit__facts():
    """Counts, what was left out, and where the page and the table lie."""
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(regraft, ["audit", "solar"]).stdout
    for told in ("40 samples audited", "near-duplicates across splits", "left out: why not", "audit.html", "audit.csv"):
        assert told in shown


@pytest.mark.usefixtures("answered")
def test_audit__json():
    """Everything for machines."""
    found = json.loads(CliRunner().invoke(regraft, ["audit", "solar", "--json"]).stdout)
    assert found["counts"]["label noise"] == 2
    assert found["page"] == "p/audit.html"


@pytest.mark.usefixtures("project", "prefect_api")
def test_audit__never_prepared():
    """A domain without data is one line that names the command."""
    with pytest.raises(SourceError, match="'digits' has no data yet; run `regraft prepare digits`"):
        audit("digits")
