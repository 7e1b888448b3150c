"""The order of an evaluation: what is only reported cannot stop what decides."""

from prefect import task

import flows.evaluate as module
from tasks.domain import load_domain
from tasks.plan import Plan, Prepared


def test_stress_version__that_fails(project, prefect_api, monkeypatch):
    """What comes after it goes on, though the stress test fails."""
    tried = []

    @task
    def stress(*arguments):
        tried.append(arguments[1])
        raise MemoryError

    monkeypatch.setattr(module, "stress", stress)
    module.stress_version(Plan(load_domain("digits"), Prepared(project, "d")), "digits v1 judged")
    assert tried == ["digits v1 judged"]


def test_evaluate_version__decides_without_a_stress_test(project, monkeypatch):
    """The decision comes back with the judged challenger, and nothing that is only reported was run for it."""
    monkeypatch.setattr(module, "find_champion", lambda name: None)
    monkeypatch.setattr(module, "judge", lambda plan, contestant: f"{plan.name} v{contestant.version} judged")
    monkeypatch.setattr(module, "gate", lambda plan, pair: f"{pair.challenger}, decided")
    monkeypatch.delattr(module, "stress")
    found = module.evaluate_version(Plan(load_domain("digits"), Prepared(project, "d")), 1)
    assert found == ("digits v1 judged, decided", "digits v1 judged")
