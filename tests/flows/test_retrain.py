"""The order of a retrain: production does not wait for what is only reported."""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest

import flows.retrain as module
from registry.ledger.events import Events
from settings.errors import ConfigError
from settings.machine import load_settings
from tasks.events import owed_stress
from tasks.plan import Plan, Prepared


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
        with module.domain_lock(plan.domain.home, plan.name, "another"):
            done.append(f"stress {owed_stress(plan.name)}")

    monkeypatch.setattr(module, "stress_owed", stress_owed)
    return done


def test_retrain__stress_after_the_promotion(steps):
    """The stress test comes after the promotion and with the lock free."""
    module.retrain("digits")
    assert steps == ["promote", "conclude", "stress [2]"]


def test_retrain__stress_before_a_person(steps, monkeypatch):
    """A person who has to agree sees the stress test first."""
    monkeypatch.setattr(module, "approval_needed", lambda *asked: "a person")
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

    monkeypatch.setattr(module, "domain_lock", waited)
    with pytest.raises(ConfigError, match="digits"):
        module.retrain("digits")
    assert not steps
