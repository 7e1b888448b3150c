"""All domains at a glance."""

import json
import os

import pytest

from flows.domains import list_domains
from registry.ledger.ledger import Change, Ledger
from settings.machine import load_settings
from tasks.events import tell_check


@pytest.mark.usefixtures("tracked")
def test_list_domains__sound_and_broken(project):
    """What is in production and runs; a broken file is told in its own line, and the others are there."""
    (project / "domains" / "broken.yaml").write_text("data: [")
    plan = project / "domains" / "solar.yaml"
    plan.write_text(plan.read_text().replace("# monitor:", "monitor:"))
    Ledger(load_settings().ledger).append(Change("digits", "promote", None, 3, "Ada", "r", "", "d"))
    tell_check("digits", "alert", "broken: a stuck camera")
    locks = load_settings().home / "locks"
    locks.mkdir(parents=True)
    known = {"doing": "retrain", "pid": os.getpid(), "since": "2026-01-02"}
    (locks / "digits.json").write_text(json.dumps(known))
    found = {one.name: one for one in list_domains()}
    assert {"broken", "digits", "solar"} <= set(found)
    assert (found["digits"].champion, found["digits"].fault, found["digits"].open) == (3, "", 1)
    assert found["digits"].running.startswith(f"retrain runs in process {os.getpid()} since")
    assert "not valid YAML" in found["broken"].fault
    assert (found["solar"].champion, found["solar"].running, found["solar"].monitor) == (None, "", "0 * * * *")
