"""What a rollback returns to, and what it says where nothing changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.errors import GateError, LedgerConflictError, ModelNotFoundError
from registry.ledger.ledger import Ledger
from registry.store.client import mlflow_client
from registry.store.models import champion
from settings.machine import load_settings
from tasks.judging.promote import find_target, promote, rollback


def aliases() -> dict[str, int]:
    """The aliases as MLflow has them."""
    found = mlflow_client().get_registered_model("photos").aliases
    return {name: int(version) for name, version in found.items()}


def test_find_target__further_back(promoted, registered, verdict):
    """A second rollback passes over what the first one put into quarantine; after the last one nothing is left."""
    registered()
    promote.fn(verdict(3, 2), "r")
    for target in (2, 1):
        way = find_target.fn("photos", None)
        assert way.to == target
        rollback.fn("photos", way, "worse")
    with pytest.raises(GateError, match=r"no earlier version.* not in quarantine; name one with --to .there: 2, 3"):
        find_target.fn("photos", None)


def test_find_target__deleted_by_hand(promoted, registered, verdict):
    """A champion and a previous version that somebody deleted in MLflow are passed over; naming one says what to do."""
    registered()
    promote.fn(verdict(3, 2), "r")
    for version in ("2", "3"):
        mlflow_client().delete_model_version("photos", version)
    with pytest.raises(ModelNotFoundError, match="deleted in MLflow; `regraft rollback photos --to VERSION"):
        champion("photos")
    with pytest.raises(ModelNotFoundError, match=r"no version 2 \(there: 1\)"):
        rollback.fn("photos", find_target.fn("photos", 2), "r")
    assert rollback.fn("photos", find_target.fn("photos", None), "3 is gone").champion == 1
    assert aliases() == {"champion": 1}


def test_find_target__finishes_an_interrupted_rollback(promoted):
    """Killed between ledger and aliases, the same command again does not go forward by mistake."""
    rollback.fn("photos", find_target.fn("photos", 1), "r")
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    finished = rollback.fn("photos", find_target.fn("photos", None), "r")
    assert (finished.outcome, finished.champion, aliases()) == ("ROLLBACK", 1, {"champion": 1})
    with pytest.raises(GateError, match="no earlier version"):
        find_target.fn("photos", None)


def test_rollback__to_the_present_champion(promoted):
    """Nothing is written, and that is what is said, whether the champion was promoted or rolled back to."""
    for champion_now, rows in ((2, 2), (1, 3)):
        rollback.fn("photos", find_target.fn("photos", champion_now), "worse")
        found = rollback.fn("photos", find_target.fn("photos", champion_now), "again")
        assert (found.outcome, found.champion) == ("UNCHANGED", champion_now)
        assert found.reasons == (f"v{champion_now} is in production already",)
        assert len(Ledger(load_settings().ledger).entries("photos")) == rows


def test_rollback__a_promotion_came_between(promoted, registered, verdict):
    """A version that came into production after the way back was chosen is not sent away unseen."""
    way = find_target.fn("photos", None)
    registered()
    promote.fn(verdict(3, 2), "r")
    with pytest.raises(LedgerConflictError, match="the champion is 3, not 2"):
        rollback.fn("photos", way, "2 does harm")
    assert aliases()["champion"] == 3


def test_rollback__two_at_once(promoted, registered):
    """Two people choose two ways back at the same moment: one of them wins, the other is told."""
    registered()
    ways = [find_target.fn("photos", to) for to in (1, 3)]
    with ThreadPoolExecutor(2) as people:
        asked = [people.submit(rollback.fn, "photos", way, "r") for way in ways]
    faults = [one.exception() for one in asked]
    assert sorted(type(fault).__name__ for fault in faults) == ["LedgerConflictError", "NoneType"]
    won = next(one.result().champion for one in asked if one.exception() is None)
    assert Ledger(load_settings().ledger).champion("photos") == aliases()["champion"] == won
