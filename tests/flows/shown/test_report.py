"""`regraft report`: how good a version is, from what was stored when it was judged."""

import json
import os
import re
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner

from flows.cli import regraft
from flows.shown.report import report_version
from registry.errors import GateError, ModelNotFoundError
from registry.ledger.uses import Uses
from settings.machine import load_settings
from tasks.judging.evaluate import Contestant, evaluate
from tasks.judging.gate import Rivals, gate


@pytest.fixture
def judged(registered, plan, prefect_api, project):
    """A second version of photos judged against the first one."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    versions = registered(), registered()
    roles = zip(versions, ("champion", "challenger"), strict=True)
    holder, rival = (evaluate(plan, Contestant(version, role)) for version, role in roles)
    gate(plan, Rivals(rival, holder))
    return versions[1]


def test_report_version__stored_and_no_new_use(judged):
    """Headline, champion, classes and figures are there, in the terminal within 80 columns; no use is counted."""
    uses = Uses(load_settings().ledger)
    before = uses.of("photos", 0)
    with mock.patch.dict(os.environ):
        run = CliRunner(env={"COLUMNS": "80"}).invoke
        shown, machine = run(regraft, ["report", "photos", "2"]), run(regraft, ["report", "photos", "2", "--json"])
    assert shown.exit_code == 0, shown.output
    assert all(len(line) <= 80 for line in shown.stdout.splitlines() if "─" in line or "│" in line)
    assert "accuracy of v1" in shown.stdout
    assert "improvement of brier" in " ".join(shown.stdout.split())
    assert "recall v1" in shown.stdout
    assert "stress test" in shown.stdout
    found = json.loads(machine.stdout)
    assert {row["name"] for row in found["classes"]} == {"dark", "light"}
    assert re.fullmatch(r"[\d.]+ \([\d.]+ to [\d.]+\) on 16 test samples", found["facts"]["accuracy"])
    page = Path(found["page"]).read_text()
    assert page.count("data:image/png") >= 3
    assert uses.of("photos", 0) == before


def test_report_version__nothing_to_show(tracked, judged):
    """Before anything is in production the newest is shown; no version, and answers not kept, are one line each."""
    assert report_version("photos").version == judged
    with pytest.raises(ModelNotFoundError, match="no version of 'digits' was judged yet; run `regraft retrain digits`"):
        report_version("digits")
    for file in (tracked / ".regraft" / "evaluations" / "photos").iterdir():
        file.unlink()
    with pytest.raises(GateError, match="are not kept at"):
        report_version("photos", judged)
