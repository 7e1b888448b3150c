"""The order of an evaluation: what is only reported cannot stop what decides."""

from prefect import task

import flows.evaluate as module
from tasks.domain import load_domain
from tasks.plan import Plan, Prepared


def test_evaluate_version__stress_test_that_fails(project, prefect_api, monkeypatch):
    """The decision stands and comes back, though the stress test after it fails."""
    tried = []

    @task
    def stress(*arguments):
        tried.append(arguments[1])
        raise MemoryError

    monkeypatch.setattr(module, "find_champion", lambda name: None)
    monkeypatch.setattr(module, "judge", lambda plan, contestant: f"{plan.name} v{contestant.version} judged")
    monkeypatch.setattr(module, "gate", lambda plan, pair: f"{pair.challenger}, decided")
    monkeypatch.setattr(module, "stress", stress)
    verdict = module.evaluate_version(Plan(load_domain("digits"), Prepared(project, "d")), 1)
    assert (verdict, tried) == ("digits v1 judged, decided", ["digits v1 judged"])
