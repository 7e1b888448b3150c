"""What gets into production, and what does not: the ledger first, aliases after it."""

import pytest

from data.settings import load_settings
from registry.errors import GateError, LedgerConflictError, LedgerError, ModelNotFoundError, PackageError, RegistryError
from registry.ledger import Ledger
from registry.tracking import mlflow_client
from tasks.evaluate import refuse_champion
from tasks.promote import find_target, promote, read_verdict, rollback, unchanged
from tasks.train import Candidate


def ledger() -> Ledger:
    """The project's ledger."""
    return Ledger(load_settings().ledger)


def history() -> list[tuple[str, int | None, int]]:
    """Action, from and to of every entry."""
    return [(entry.action, entry.from_version, entry.to_version) for entry in ledger().entries("photos")]


def aliases() -> dict[str, int]:
    """The aliases as MLflow has them."""
    found = mlflow_client().get_registered_model("photos").aliases
    return {name: int(version) for name, version in found.items()}


def test_promote__first(registered, verdict, monkeypatch):
    """The row says who, why and on what evidence; the alias follows; a second call changes nothing."""
    monkeypatch.setenv("REGRAFT_ACTOR", "Ada")
    found = verdict(registered(), None)
    promotion = promote.fn(found, "asked for")
    assert (promotion.outcome, promotion.champion) == ("PROMOTE", 1)
    (entry,) = ledger().entries("photos")
    assert (entry.actor, entry.evidence, entry.dataset_version) == ("Ada", found.decision.sha256, "d")
    assert entry.reason.startswith("asked for; ")
    assert aliases() == {"champion": 1}
    assert promote.fn(found, "asked for") == promotion
    assert history() == [("promote", None, 1)]


def test_promote__interrupted_between_ledger_and_alias(registered, verdict, monkeypatch):
    """The next attempt sets the alias and writes no second row."""
    found = verdict(registered(), None)
    with monkeypatch.context() as patch, pytest.raises(RegistryError):
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        patch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
        promote.fn(found, "r")
    assert (history(), aliases()) == ([("promote", None, 1)], {"challenger": 1})
    promote.fn(found, "r")
    assert (history(), aliases()) == ([("promote", None, 1)], {"champion": 1})


def test_promote__champion_changed_meanwhile(registered, verdict):
    """A decision against a champion that is champion no more promotes nothing."""
    registered(), registered(), registered()
    promote.fn(verdict(1, None), "r")
    promote.fn(verdict(2, 1), "r")
    with pytest.raises(LedgerConflictError, match="the champion is 2, not 1"):
        promote.fn(verdict(3, 1), "r")
    assert history() == [("promote", None, 1), ("promote", 1, 2)]
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 3}


def test_promote__rejected(registered, verdict):
    """A version that the gate rejected stays out."""
    promotion = promote.fn(verdict(registered(), None, floor=1.5), "r")
    assert (promotion.outcome, promotion.champion) == ("REJECT", None)
    assert (history(), aliases()) == ([], {"challenger": 1})


def test_read_verdict__never_judged(registered):
    """A version without a decision and one that does not exist are each one clear error."""
    registered()
    with pytest.raises(GateError, match="'photos' v1 was never judged; run `regraft evaluate photos 1`"):
        read_verdict.fn("photos", 1)
    with pytest.raises(ModelNotFoundError, match=r"no version 2 \(there: 1\)"):
        read_verdict.fn("photos", 2)


@pytest.fixture
def promoted(registered, verdict):
    """Two versions, the second in production."""
    registered(dataset_version="old"), registered()
    promote.fn(verdict(1, None), "r")
    promote.fn(verdict(2, 1), "r")


def test_rollback__to_the_previous_and_forward(promoted):
    """Back to the version before, and forward again by its number."""
    assert rollback.fn("photos", find_target.fn("photos", None), "worse at night").champion == 1
    assert aliases() == {"champion": 1, "previous": 2}
    entry = ledger().entries("photos")[-1]
    assert (entry.action, entry.reason, entry.dataset_version) == ("rollback", "worse at night", "old")
    assert rollback.fn("photos", 2, "mended").champion == 2
    assert history()[2:] == [("rollback", 2, 1), ("rollback", 1, 2)]


def test_rollback__altered_package(promoted, own_workshop):
    """A package that is not what was registered is not brought back, and production stays as it is."""
    for stored in (own_workshop.root / ".regraft" / "mlartifacts").rglob("model.onnx"):
        stored.write_bytes(b"altered")
    with pytest.raises(PackageError, match="model.onnx is not the file that was packed"):
        rollback.fn("photos", find_target.fn("photos", None), "r")
    assert len(history()) == 2
    assert aliases()["champion"] == 2


def test_rollback__never_in_production(promoted, registered):
    """A version that never was champion is no way back."""
    registered()
    with pytest.raises(LedgerError, match="version 3 was never in production; roll back to one of"):
        rollback.fn("photos", 3, "r")
    assert len(history()) == 2


@pytest.mark.usefixtures("tracked")
def test_rollback__nothing_to_return_to():
    """The message says what to do."""
    with pytest.raises(GateError, match="'photos' has no earlier version.*--to"):
        rollback.fn("photos", find_target.fn("photos", None), "r")


def test_promote__rolled_back_stays_out(promoted, verdict):
    """No schedule puts back what people took out; a deliberate promotion does."""
    rollback.fn("photos", 1, "worse at night")
    held = promote.fn(verdict(2, 1), "scheduled")
    assert (held.outcome, held.champion) == ("HOLD", 1)
    assert "v2 was rolled back by" in held.reasons[0]
    assert "worse at night" in held.reasons[0]
    assert promote.fn(verdict(2, 1), "mended", deliberate=True).champion == 2


def test_rollback__tried_again(promoted):
    """A retry after the row was written adds no row and sets the aliases."""
    rollback.fn("photos", 1, "r")
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    assert rollback.fn("photos", 1, "r").champion == 1
    assert (len(history()), aliases()["champion"]) == (3, 1)


def test_find_target__finishes_an_interrupted_rollback(promoted):
    """Killed between ledger and aliases, the same command again does not go forward by mistake."""
    rollback.fn("photos", 1, "r")
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    assert find_target.fn("photos", None) == 1
    assert aliases() == {"champion": 1, "previous": 2}
    assert find_target.fn("photos", None) == 2


def test_unchanged__repairs_aliases(promoted):
    """A retrain after a promotion that was cut off leaves the aliases right."""
    mlflow_client().delete_registered_model_alias("photos", "champion")
    found = unchanged.fn(Candidate("photos", 2, "run"))
    assert (found.outcome, aliases()["champion"]) == ("UNCHANGED", 2)


def test_refuse_champion(promoted):
    """A version is not compared with itself."""
    with pytest.raises(GateError, match="v2 is the champion already"):
        refuse_champion.fn("photos", 2)
    refuse_champion.fn("photos", 1)
