"""A canary's course, on real packages, the real ledger and the real log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from registry.errors import RegistryError
from registry.gate.config import ApprovalConfig
from registry.ledger.canaries import has_been_canary, open_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from registry.store.aliases import alias_faults
from registry.store.models import model_version
from registry.store.tracking import read_text
from serving.canary.conducting import settle, standing, stop
from serving.feedback.labels import Label, file_labels
from serving.log.predictions import append
from serving.log.schema import Prediction
from settings.machine import load_settings
from tests.canary import write


def say(answers: dict[int, str], count: int, label: str) -> None:
    """Both versions answer so many requests, of which the label comes back."""
    now = datetime.now(UTC)
    rows = [
        Prediction(now, version, "t", f"{number}", f"request/{number}", predicted=answer, id=f"{number}-0")
        for number in range(count)
        for version, answer in answers.items()
    ]
    append("photos", rows, ())
    file_labels("photos", [Label("id", f"{number}-0", label) for number in range(count)])


def events() -> Events:
    """The project's events."""
    return Events(load_settings().ledger)


def ended() -> tuple[str, str]:
    """What the canary came to."""
    (found,) = [event for event in events().latest("photos") if event.kind == "canary"]
    return found.outcome, found.text


def test_settle__goes_on(canary):
    """While nothing is shown, nothing changes."""
    canary()
    say({1: "dark", 2: "light"}, 3, "light")
    found = settle("photos")
    assert (found.finding.end, found.finding.figures.labelled, found.share, found.champion) == (None, 3, 0.5, 1)
    assert open_canary(events(), "photos").version == 2
    assert not has_been_canary(events(), "photos", 2)


def test_settle__promotes(canary):
    """Proof puts it into production, with the evidence in the ledger and in its run; it is written once."""
    canary()
    say({1: "dark", 2: "light"}, 60, "light")
    settle("photos")
    (*_, row) = Ledger(load_settings().ledger).entries("photos")
    assert (row.action, row.from_version, row.to_version) == ("promote", 1, 2)
    assert row.reason.startswith("canary: surely at most 0.05 worse: right +100.0 points oftener on 60 labelled groups")
    assert '"labelled":60' in read_text(model_version("photos", 2).run_id, f"canary/{row.evidence}.json")
    assert (ended()[0], has_been_canary(events(), "photos", 2)) == ("done", True)
    assert not alias_faults("photos")
    assert settle("photos") is None
    assert len(Ledger(load_settings().ledger).entries("photos")) == 2


def test_settle__withdraws(canary):
    """Proof of harm ends it; the champion stays."""
    canary()
    say({1: "dark", 2: "light"}, 60, "dark")
    settle("photos")
    assert Ledger(load_settings().ledger).champion("photos") == 1
    assert ended()[1].startswith("WITHDRAW: surely worse: right -100.0 points oftener")


def test_settle__approval(canary):
    """Where approvers are named, proof is not enough."""
    canary(ApprovalConfig(approvers=("Ada",)))
    say({1: "dark", 2: "light"}, 60, "light")
    settle("photos")
    assert Ledger(load_settings().ledger).champion("photos") == 1
    assert "it may be promoted (surely at most 0.05 worse" in ended()[1]


def test_settle__another_champion(canary, registered):
    """What it was compared with is in production no more: HOLD."""
    canary()
    registered()
    write(1, 3)
    settle("photos")
    assert ended() == ("alert", "HOLD: v3 came into production meanwhile, it was compared with v1")


def test_settle__killed_behind_the_row(canary, monkeypatch):
    """Whoever dies after the ledger's row leaves a canary that the next look brings to its end."""
    canary()
    say({1: "dark", 2: "light"}, 60, "light")
    with monkeypatch.context() as killed:
        killed.setattr("serving.canary.conducting._end", _die)
        with pytest.raises(RegistryError, match="killed"):
            settle("photos")
    assert open_canary(events(), "photos").version == 2
    settle("photos")
    assert ended()[0] == "done"
    assert len(Ledger(load_settings().ledger).entries("photos")) == 2


def test_settle__two_services_at_once(canary):
    """Both judge it in the same moment: one row of the ledger, one end."""
    canary()
    say({1: "dark", 2: "light"}, 60, "light")
    with ThreadPoolExecutor(2) as services:
        faults = [one.exception() for one in [services.submit(settle, "photos") for _ in range(2)]]
    assert all(fault is None or isinstance(fault, RegistryError) for fault in faults), "which the next look mends"
    settle("photos")
    assert [row.to_version for row in Ledger(load_settings().ledger).entries("photos")] == [1, 2]
    assert ended()[0] == "done"


def test_settle__abstains(canary):
    """What names no class far oftener is withdrawn, though it is right of the rest."""
    canary()
    now = datetime.now(UTC)
    rows = [
        Prediction(now, version, "t", "h", "request/x", "light", id=f"{number}-0", abstained=version == 2)
        for number in range(60)
        for version in (1, 2)
    ]
    append("photos", rows, ())
    settle("photos")
    assert ended()[1].startswith("WITHDRAW: it abstains 100.0 points oftener on 60 groups")


def _die(*_) -> None:
    raise RegistryError("killed")


def test_stop__by_a_person(canary):
    """It ends at once, and a second time there is nothing to end."""
    canary()
    assert stop("photos", "Ada").version == 2
    assert ended() == ("alert", "HOLD: stopped by Ada")
    assert (stop("photos", "Ada"), standing("photos"), settle("photos")) == (None, None, None)
