"""What runs tell of themselves, and what comes of it for those who look later."""

from dataclasses import replace

import pytest

from registry.gate.config import ApprovalConfig
from registry.ledger.events import Events
from registry.ledger.ledger import Change, Ledger
from registry.ledger.notices import notices
from registry.ledger.watch.checks import CheckRecord
from settings.machine import load_settings
from tasks.events import (
    announce_approval,
    announce_stress,
    owed_stress,
    settle_approval,
    tell_check,
    told_run,
    told_stress,
)

pytestmark = pytest.mark.usefixtures("project")


def open_notices() -> list[tuple[str, str]]:
    """What a person is told of photos."""
    return [(found.text, found.remedy) for found in notices(Events(load_settings().ledger).latest("photos"), None)]


def test_told_run__failed():
    """A run that failed says why and how to begin again; the next one that is done takes it back."""
    with pytest.raises(ValueError, match="no room"), told_run("photos", "retrain"):
        raise ValueError("no room")
    assert open_notices() == [("the retrain failed: no room", "regraft retrain photos")]
    with told_run("photos", "retrain"):
        pass
    assert open_notices() == []


def test_owed_stress__until_done():
    """What is announced is owed until it is done, for the champion however old it is."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": ""}
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, 1, **facts))
    for version in (1, 2, 3):
        announce_stress("photos", version)
    assert owed_stress("photos") == [1, 3]
    with told_stress("photos", 1):
        pass
    assert owed_stress("photos") == [3]


def test_announce_approval__until_answered(verdict):
    """Who is waited for, until when and where they answer."""
    announce_approval(verdict(2, 1), ApprovalConfig(approvers=("Ada", "Grace"), hours=1), "http://page")
    ((text, remedy),) = open_notices()
    assert text.startswith("v2 waits for the approval of Ada or Grace until 20")
    assert remedy == "answer at http://page"
    settle_approval(verdict(2, 1))
    assert open_notices() == []


def test_tell_check__alert():
    """An alert stands until a later check finds nothing."""
    check = CheckRecord("photos", 1, "w", suspect=False, outcome="broken data", reason="a stuck camera")
    tell_check(check)
    assert open_notices() == [("broken data: a stuck camera", "look at it, then regraft monitor photos")]
    tell_check(replace(check, outcome="ok"))
    assert open_notices() == []
