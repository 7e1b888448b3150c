"""The order of a retrain: production does not wait for what is only reported."""

from contextlib import nullcontext

import pytest

import flows.retrain as module
from tasks.plan import Plan, Prepared


@pytest.mark.parametrize(
    ("demand", "order"),
    [(None, ["promote", "conclude", "stress"]), ("a person", ["stress", "ask", "conclude"])],
)
def test_retrain__stress_after_the_promotion(project, prefect_api, monkeypatch, demand, order):
    """The stress test comes after the promotion and with the lock free; a person who has to agree sees it first."""
    done, lock = [], []
    monkeypatch.setattr(module, "settled", nullcontext)
    monkeypatch.setattr(module, "open_retrain_run", lambda *names: "run")
    monkeypatch.setattr(module, "prepare_data", lambda config: Plan(config, Prepared(project, "d")))
    monkeypatch.setattr(module, "train_version", lambda plan, run: type("Candidate", (), {"version": 1}))
    monkeypatch.setattr(module, "find_champion", lambda name: None)
    monkeypatch.setattr(module, "evaluate_version", lambda *asked: ("verdict", "judged"))
    monkeypatch.setattr(module, "approval_needed", lambda *asked: demand)
    monkeypatch.setattr(module, "promote", lambda *asked: done.append("promote"))
    monkeypatch.setattr(module, "promote_approved", lambda *asked: done.append("ask"))
    monkeypatch.setattr(module, "conclude", lambda *asked: done.append("conclude"))

    def stress_version(plan, judged):
        with module.domain_lock(plan.domain.home, plan.name, "another"):
            lock.append(judged)
        done.append("stress")

    monkeypatch.setattr(module, "stress_version", stress_version)
    module.retrain("digits")
    assert (done, lock) == (order, ["judged"])
