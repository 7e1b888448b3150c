"""The order of a retrain: production does not wait for what is only reported, and nothing is decided for another."""

import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import flows.retrain as module
from flows.process.answered import answers_shown
from registry.errors import LedgerConflictError
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.events import owed_stress
from tasks.making.train import Candidate
from tasks.plan import Plan, Prepared
from tests.canary import write

REGRAFT = Path(sys.executable).with_name("regraft")


@pytest.fixture
def steps(project, prefect_api, monkeypatch):
    """The steps of a retrain that promotes, replaced by their names in the order in which they come."""
    done = []
    monkeypatch.setattr(module, "settled", nullcontext)
    monkeypatch.setattr(module, "open_retrain_run", lambda *names: "run")
    monkeypatch.setattr(module, "prepare_data", lambda config: Plan(config, Prepared(project, "d")))
    monkeypatch.setattr(module, "train_version", lambda plan, run: SimpleNamespace(version=2))
    monkeypatch.setattr(module, "find_champion", lambda name: 1)
    monkeypatch.setattr(module, "evaluate_version", lambda *asked: "verdict")
    monkeypatch.setattr(module, "approval_needed", lambda *asked: None)
    for step in ("promote", "promote_approved", "unchanged", "conclude"):
        monkeypatch.setattr(module, step, lambda *asked, step=step: done.append(step))

    def stress_owed(plan):
        with module.domain_lease(plan.name, "another"):
            done.append(f"stress {owed_stress(plan.name)}")

    monkeypatch.setattr(module, "stress_owed", stress_owed)
    return done


def test_retrain__stress_after_the_promotion(steps):
    """The stress test comes after the promotion and its answer, and with the lock free."""
    with answers_shown(lambda found: steps.append("answer")):
        module.retrain("digits")
    assert steps == ["promote", "conclude", "answer", "stress [2]"]


def test_retrain__stress_before_a_person(steps, monkeypatch):
    """A person who has to agree sees the stress test first."""
    monkeypatch.setattr(module, "approval_needed", lambda *asked: "a person")
    with answers_shown(lambda found: steps.append("answer")):
        module.retrain("digits")
    assert steps == ["stress [2]", "promote_approved", "conclude"]


def test_retrain__unchanged(steps, monkeypatch):
    """Where nothing is new, what an earlier run owes is looked for nevertheless."""
    monkeypatch.setattr(module, "find_champion", lambda name: 2)
    module.retrain("digits")
    assert steps == ["unchanged", "conclude", "stress []"]


@pytest.mark.usefixtures("steps")
def test_retrain__is_told(monkeypatch):
    """That it was done, and that it failed, is told to those who look later."""
    module.retrain("digits")
    told = Events(load_settings().ledger)
    assert [event.outcome for event in told.latest("digits") if event.kind == "retrain"] == ["done"]
    monkeypatch.setattr(module, "prepare_data", lambda config: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        module.retrain("digits")
    assert [event.outcome for event in told.latest("digits") if event.kind == "retrain"] == ["failed"]


def test_retrain__removed_while_it_waited(steps, project, monkeypatch):
    """A run that waits for the lock of a domain that is being removed does not bring it back."""

    @contextmanager
    def waited(*asked):
        (project / "domains" / "digits.yaml").unlink()
        yield

    monkeypatch.setattr(module, "domain_lease", waited)
    with pytest.raises(ConfigError, match="digits"):
        module.retrain("digits")
    assert not steps


@pytest.fixture
def third(registered, plan, monkeypatch):
    """A domain whose second version is in production, and whose retrain has a third one that the gate lets pass."""
    rule = plan.domain.gate.model_copy(update={"score": "metric", "non_inferiority": 0.9})
    domain = plan.domain.model_copy(update={"gate": rule})
    yaml = domain.model_dump_json(exclude={"name", "root"}, exclude_defaults=True)
    (domain.root / "domains" / "photos.yaml").write_text(yaml)
    registered(), registered(), registered()
    write(None, 1), write(1, 2)
    monkeypatch.setattr(module, "prepare_data", lambda config: replace(plan, domain=domain))
    monkeypatch.setattr(module, "train_version", lambda plan, run: Candidate("photos", 3, run))
    monkeypatch.setattr(module, "stress_owed", lambda plan: None)


def test_retrain__champion_changes_behind_the_decision(third, prefect_api, monkeypatch):
    """Somebody rolls back between evaluation and promotion: one line, no row; run again, it meets the new champion."""
    judged = module.evaluate_version

    def rolled_back(*asked):
        verdict = judged(*asked)
        command = [str(REGRAFT), "rollback", "photos", "--reason", "it does harm"]
        subprocess.run(command, check=True, env={**os.environ, "PREFECT_API_URL": prefect_api})
        return verdict

    told = "^photos: the champion is 1, not 2 as expected: another process was first; nothing was written; run the same"
    with monkeypatch.context() as patch:
        patch.setattr(module, "evaluate_version", rolled_back)
        with pytest.raises(LedgerConflictError, match=told):
            module.retrain("photos")
    assert [entry.to_version for entry in Ledger(load_settings().ledger).entries("photos")] == [1, 2, 1]
    found = module.retrain("photos")
    assert (found.outcome, found.champion) == ("PROMOTE", 3)
    last = Ledger(load_settings().ledger).entries("photos")[-1]
    assert (last.action, last.from_version, last.to_version) == ("promote", 1, 3)
