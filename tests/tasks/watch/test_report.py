"""What a check came to, for people."""

from dataclasses import replace

import pytest
from prefect.client.orchestration import get_client

from registry.ledger.watch.checks import CheckRecord
from tasks.watch.report import nothing_to_watch, reported


@pytest.mark.usefixtures("prefect_api")
def test_reported__newest_state_in_the_ui(seen):
    """Outcome, what was started and what was measured stand in an artifact of the domain."""
    check = CheckRecord("photos", 1, "w1", suspect=True, outcome="retrain", reason="drift: mmd")
    found = reported.fn(replace(seen(), kept={"trial": "tried on its reference"}), check, ["retrain, run blue-fox"])
    assert (found.outcome, found.reason, found.started) == ("retrain", "drift: mmd", ("retrain, run blue-fox",))
    assert (found.signals, found.judged) == (seen().signals, ())
    assert (found.version, found.samples, found.window, found.statistics) == (1, 60, "w1", {"mmd": 0.5})
    with get_client(sync_client=True) as client:
        newest = next(one for one in client.read_artifacts() if one.key == "check-photos")
    tried = "The check was tried on its reference."
    assert (
        newest.data == f"**retrain**: drift: mmd\n\nretrain, run blue-fox\n\n| table |\n\n{tried}\n\nPage: `page.html`"
    )
    assert found.trial == "tried on its reference"


def test_nothing_to_watch__no_champion():
    """A result and no fault."""
    found = nothing_to_watch("photos")
    assert (found.outcome, found.version) == ("cannot judge", None)
    assert "run `regraft retrain photos`" in found.reason
