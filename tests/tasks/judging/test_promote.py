"""What gets into production, and what does not: the ledger first, aliases after it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pkgutil import resolve_name
from typing import Any

import pytest

from registry.errors import GateError, LedgerConflictError, LedgerError, ModelNotFoundError, PackageError, RegistryError
from registry.gate.config import CanaryConfig
from registry.gate.decision import recorded_sha256
from registry.ledger.canaries import open_canary
from registry.ledger.events import Events
from registry.ledger.history import quarantined
from registry.ledger.ledger import Ledger
from registry.ledger.records import Decided
from registry.ledger.uses import Use, Uses
from registry.store.client import mlflow_client
from registry.store.models import describe_versions, model_version, tag_version
from registry.store.tracking import log_json, read_text
from settings.machine import load_settings
from tasks.judging.evaluate import Contestant, evaluate, refuse_champion
from tasks.judging.gate import Rivals, gate
from tasks.judging.promote import (
    NOBODY_ASKED,
    check_decision,
    find_best,
    find_target,
    promote,
    read_verdict,
    rollback,
    unchanged,
)
from tasks.making.train import Candidate


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


def after(patch: pytest.MonkeyPatch, target: str, happens: Callable[[], None]) -> None:
    """Lets something happen each time right after a function has done its work."""
    module, _, name = target.rpartition(".")
    real = getattr(resolve_name(module), name)

    def both(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        happens()
        return found

    patch.setattr(target, both)


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


@pytest.mark.parametrize(("approval", "outcome"), [("", "HOLD"), ('{"approver": "Ada"}', "PROMOTE")])
def test_promote__provisional_needs_a_person(registered, verdict, approval, outcome):
    """What shows neither harm nor gain goes into production by a person's agreement only."""
    registered(), registered()
    promote.fn(verdict(1, None), "r")
    found = verdict(2, 1)
    provisional = found.decision.model_copy(update={"outcome": "PROVISIONAL", "better": False})
    promotion = promote.fn(replace(found, decision=provisional), "r", approval=approval)
    assert (promotion.outcome, promotion.champion) == (outcome, 2 if approval else 1)
    assert promotion.reasons == (*([] if approval else [NOBODY_ASKED]), *found.decision.reasons)
    assert ledger().entries("photos")[-1].approval == approval


def test_promote__open_question_becomes_a_canary(registered, verdict, own_workshop):
    """Where the rule has a canary a PROVISIONAL version begins as one; an approval puts it into production at once."""
    registered(), registered()
    promote.fn(verdict(1, None), "r")
    found = verdict(2, 1)
    rule = found.decision.config.model_copy(update={"canary": CanaryConfig()})
    provisional = found.decision.model_copy(update={"outcome": "PROVISIONAL", "better": False, "config": rule})
    promotion = promote.fn(replace(found, decision=provisional), "r")
    assert (promotion.outcome, promotion.champion) == ("PROVISIONAL", 1)
    assert "answers a share of the requests to `regraft serve photos`" in promotion.reasons[-1]
    assert open_canary(Events(load_settings().ledger), "photos").version == 2
    assert promote.fn(replace(found, decision=provisional), "r", approval='{"approver": "Ada"}').champion == 2


def test_find_best__last_that_was_better(registered, verdict):
    """The champion itself, where it was first or better; else what its decision names, if that is still there."""
    registered(), registered()
    uses = Uses(load_settings().ledger)
    use = uses.take(Use("photos", 0, "t", "q", 2, champion=1, actor="Ada"))
    for best, expected in ((None, None), (1, 1), (7, None)):
        uses.settle(use, "PROMOTE", Decided("e" * 64, 1, best, {}, "rule", "t"))
        assert find_best.fn("photos", 2) == expected
    assert find_best.fn("photos", 1) is None, "it was never judged on record"


def test_check_decision__as_judged(registered, plan, prefect_api):
    """What was judged may be promoted while decision, rule, packages and test set are as they were; else it is told."""
    version = registered()
    gate(plan, Rivals(evaluate(plan, Contestant(version, "challenger"))))
    found = read_verdict.fn("photos", version)
    check_decision.fn(plan.domain, found)
    run_id = model_version("photos", version).tags["decision_run"]
    record = json.loads(read_text(run_id, "decision.json"))
    record["decision"] |= {"outcome": "PROMOTE", "reasons": ["trust me"]}
    log_json(run_id, "decision.json", json.dumps(record))
    with pytest.raises(GateError, match="the recorded decision is another than the one that was made"):
        check_decision.fn(plan.domain, read_verdict.fn("photos", version))
    laxer = plan.domain.model_copy(update={"gate": plan.domain.gate.model_copy(update={"floor": 0.01})})
    with pytest.raises(GateError, match="`gate:` in the domain's YAML has changed"):
        check_decision.fn(laxer, found)
    with pytest.raises(GateError, match="has no decision on it"):
        check_decision.fn(plan.domain, replace(found, version=9))


def test_check_decision__of_a_release_that_knew_fewer_fields(registered, plan, prefect_api):
    """A decision that was recorded before a field with a default existed is still the one that was made."""
    version = registered()
    verdict = gate(plan, Rivals(evaluate(plan, Contestant(version, "challenger"))))
    run_id, uses = model_version("photos", version).tags["decision_run"], Uses(load_settings().ledger)
    record = json.loads(read_text(run_id, "decision.json"))
    del record["decision"]["config"]["max_disparity"], record["decision"]["gain"]
    log_json(run_id, "decision.json", json.dumps(record))
    (use,) = [one for one in uses.of("photos", plan.dataset.generation) if one.outcome]
    earlier = replace(uses.decided("photos", version), evidence=recorded_sha256(record["decision"]))
    uses.settle(use, use.outcome, earlier)
    found = read_verdict.fn("photos", version)
    assert found.evidence == earlier.evidence != verdict.evidence == found.decision.sha256
    check_decision.fn(plan.domain, found)


def test_promote__interrupted_between_ledger_and_alias(registered, verdict, monkeypatch):
    """The next attempt sets the alias and writes no second row."""
    found = verdict(registered(), None)
    told = "the ledger has v1 in production; `regraft doctor --fix` sets MLflow's aliases"
    with monkeypatch.context() as patch, pytest.raises(RegistryError, match=told):
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        after(
            patch,
            "registry.ledger.ledger.Ledger.append",
            lambda: patch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9"),
        )
        promote.fn(found, "r")
    assert (history(), aliases()) == ([("promote", None, 1)], {"challenger": 1})
    promote.fn(found, "r")
    assert (history(), aliases()) == ([("promote", None, 1)], {"champion": 1})


@pytest.mark.parametrize(
    ("moment", "rows"), [("registry.store.promotion.verified", 0), ("registry.ledger.ledger.Ledger.append", 1)]
)
def test_promote__ledger_goes_away(registered, verdict, monkeypatch, postgresql, postgresql_server, moment, rows):
    """PostgreSQL stops before or after the row is written: one clear error, and the next attempt ends it once."""
    monkeypatch.setenv("REGRAFT_LEDGER_URL", postgresql)
    found = verdict(registered(), None)
    with monkeypatch.context() as patch, pytest.raises(LedgerError, match="check REGRAFT_LEDGER_URL"):
        after(patch, moment, postgresql_server.stop)
        promote.fn(found, "r")
    postgresql_server.start()
    assert (len(history()), aliases()) == (rows, {"challenger": 1})
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


def test_read_verdict__of_another_release(registered, verdict):
    """A decision that an earlier release recorded without its turn is one clear error with the remedy."""
    registered()
    decision = verdict(1, None).decision.model_dump(mode="json", exclude={"turn"})
    run_id = model_version("photos", 1).run_id
    log_json(run_id, "decision.json", json.dumps({"champion": None, "dataset_version": "d", "decision": decision}))
    tag_version("photos", 1, {"decision_run": run_id})
    with pytest.raises(GateError, match="judged by another release; run `regraft evaluate photos 1` again"):
        read_verdict.fn("photos", 1)


def test_rollback__to_the_previous_and_forward(promoted):
    """Back to the version before, and forward again by its number."""
    assert rollback.fn("photos", find_target.fn("photos", None), "worse at night").champion == 1
    assert aliases() == {"champion": 1}
    entry = ledger().entries("photos")[-1]
    assert (entry.action, entry.reason, entry.dataset_version) == ("rollback", "worse at night", "old")
    assert rollback.fn("photos", find_target.fn("photos", 2), "mended").champion == 2
    assert history()[2:] == [("rollback", 2, 1), ("rollback", 1, 2)]


def test_rollback__altered_package(promoted, own_workshop):
    """A package that is not what was registered is not brought back, and production stays as it is."""
    for stored in (own_workshop.root / ".regraft").rglob("model.onnx"):
        stored.write_bytes(b"altered")
    with pytest.raises(PackageError, match="model.onnx is not the file that was packed"):
        rollback.fn("photos", find_target.fn("photos", None), "r")
    assert len(history()) == 2
    assert aliases()["champion"] == 2


def test_rollback__never_in_production(promoted, registered):
    """Any registered version is a way back; the row says that it never was champion, and the gate's word on it."""
    registered(decision="HOLD")
    assert rollback.fn("photos", find_target.fn("photos", 3), "both others fail").champion == 3
    told = "both others fail; never in production before, gate: HOLD"
    assert (ledger().entries("photos")[-1].reason, history()[-1]) == (told, ("rollback", 2, 3))
    assert list(quarantined(ledger().entries("photos"))) == [2]


def test_rollback__not_registered(promoted):
    """A version that the registry does not hold is refused, and production stays as it is."""
    with pytest.raises(ModelNotFoundError, match=r"no version 7 \(there: 1, 2\)"):
        rollback.fn("photos", find_target.fn("photos", 7), "r")
    assert (len(history()), aliases()["champion"]) == (2, 2)


def test_promote__deleted_or_altered_since_judged(registered, verdict, own_workshop):
    """A version whose model was deleted or altered while somebody thought about it is not put into production."""
    first, second = registered(), registered()
    mlflow_client().delete_model_version("photos", str(first))
    with pytest.raises(ModelNotFoundError, match=r"no version 1 \(there: 2\)"):
        promote.fn(verdict(first, None), "r")
    for stored in (own_workshop.root / ".regraft" / "mlartifacts").rglob("model.onnx"):
        stored.write_bytes(b"altered")
    with pytest.raises(PackageError, match="model.onnx"):
        promote.fn(verdict(second, None), "r")
    assert history() == []


@pytest.mark.usefixtures("tracked")
def test_rollback__nothing_to_return_to():
    """The message says what to do."""
    with pytest.raises(GateError, match="'photos' has no version in production yet; `regraft retrain photos`"):
        rollback.fn("photos", find_target.fn("photos", None), "r")


def test_rollback__only_one_version(registered, verdict):
    """The version in production is no way back; the message names the command that makes another."""
    promote.fn(verdict(registered(), None), "r")
    with pytest.raises(GateError, match="not in quarantine; `regraft retrain photos` makes another"):
        find_target.fn("photos", None)
    registered()
    with pytest.raises(GateError, match=r"name one with --to \(there: 2\)"):
        find_target.fn("photos", None)


def test_promote__quarantine(promoted, verdict):
    """No schedule puts back what people took out; a deliberate promotion does. MLflow shows it as a tag."""
    rollback.fn("photos", find_target.fn("photos", 1), "worse at night")
    held = promote.fn(verdict(2, 1), "scheduled")
    assert (held.outcome, held.champion) == ("HOLD", 1)
    assert "v2 was rolled back by" in held.reasons[0]
    assert "worse at night" in held.reasons[0]
    assert "worse at night" in describe_versions("photos")[2]["quarantine"]
    assert promote.fn(verdict(2, 1), "mended", deliberate=True).champion == 2
    assert "quarantine" not in describe_versions("photos")[2]


def test_rollback__tried_again(promoted):
    """A retry after the row was written adds no row and sets the aliases."""
    rollback.fn("photos", find_target.fn("photos", 1), "r")
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    assert rollback.fn("photos", find_target.fn("photos", 1), "r").champion == 1
    assert (len(history()), aliases()["champion"]) == (3, 1)


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


def test_promote__ledger_was_emptied(promoted, verdict):
    """A version that the gate compared with nothing is no first one, where MLflow shows a champion."""
    (load_settings().home / "ledger.db").write_bytes(b"")
    with pytest.raises(LedgerError, match="emptied, shortened or replaced"):
        promote.fn(verdict(1, None), "r")
    assert (history(), aliases()["champion"]) == ([], 2)
