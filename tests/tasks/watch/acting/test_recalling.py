"""Persistence counts windows that share no sample, however many checks lie between them."""

import json

import pytest

from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.watch.acting import deciding
from tasks.watch.acting.deciding import decide_check
from tasks.watch.acting.recalling import looked_back_on

pytestmark = pytest.mark.usefixtures("prefect_api", "tracked")


@pytest.fixture
def checks():
    """Five suspect checks on record, the second one of another version."""
    ledger, found = Checks(load_settings().ledger), []
    for number in range(5):
        check = CheckRecord("photos", 2 if number == 1 else 1, f"w{number}", suspect=True, outcome="watch", reason="")
        found.append(ledger.add(check, found[-1].key if found else ""))
    return found


def looking_back(domain, suspect, of):
    """The domain with another persistence."""
    policy = domain.monitoring.policy.model_copy(update={"suspect": suspect, "of": of})
    return domain.model_copy(update={"monitoring": domain.monitoring.model_copy(update={"policy": policy})})


@pytest.mark.parametrize(("of", "far"), [(1, []), (2, [2]), (3, [0, 2]), (9, [0, 2])])
def test_looked_back_on__far_windows(plan, seen, checks, of, far):
    """The present window began at the fourth check: before that, as many checks of its version as are counted."""
    present = seen(kept={"began": checks[3].time})
    found = looked_back_on(looking_back(plan.domain, 1, of), present, checks[3:])
    assert found == [*(checks[place] for place in far), *checks[3:]]


def test_looked_back_on__newest_come_first(plan, seen, checks):
    """Where the newest ones hold enough nothing else is read; the ledger's later ones do not count in a replay."""
    domain, present = looking_back(plan.domain, 1, 2), seen(kept={"began": "9"})
    assert looked_back_on(domain, present, checks[4:]) == checks[4:]
    assert looked_back_on(domain, present, [], checks[2].time) == [checks[0]]


def test_decide_check__window_of_many_checks(plan, seen, checks, monkeypatch):
    """Two of two windows are suspect, though a window is longer than all checks that are remembered."""
    monkeypatch.setattr(deciding, "MEMORY", 2)
    found = seen(window="w9", kept={"began": checks[3].time})
    check = decide_check.fn(looking_back(plan.domain, 2, 2), found)
    assert (check.outcome, json.loads(check.figures)["began"]) == ("retrain", checks[3].time)
