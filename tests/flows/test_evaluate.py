"""The order of an evaluation: what is only reported cannot stop what decides, and is made up for later."""

import os
import signal
import subprocess
import sys

import pytest
from prefect import task

import flows.evaluate as module
from data.errors import LockedError
from flows.project.new import write_domain
from registry.ledger.events import Events
from registry.ledger.notices import notices
from settings.machine import load_settings
from tasks.domain import load_domain
from tasks.events import announce_stress, owed_stress, told_stress
from tasks.plan import Plan, Prepared

KILLED = """
import os, signal
from tasks.events import announce_stress, told_stress
announce_stress("digits", 1)
with told_stress("digits", 1):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def tried(project, prefect_api, monkeypatch):
    """The versions whose stress test was begun, in order; that of version 9 fails."""
    found = []

    @task
    def stress(plan, version):
        with told_stress(plan.name, version):
            found.append(version)
            if version == 9:
                raise MemoryError

    monkeypatch.setattr(module, "stress", stress)
    return found


@pytest.fixture
def plan(project):
    """The plan of digits."""
    return Plan(load_domain("digits"), Prepared(project, "d"))


def test_stress_owed__that_fails(tried, plan):
    """What comes after it goes on, though the stress test fails; it stays owed."""
    announce_stress("digits", 9)
    module.stress_owed(plan)
    assert (tried, owed_stress("digits")) == ([9], [9])


def test_stress_owed__after_a_kill(tried, plan):
    """A stress test whose process was killed is told as missing, and the next run makes it up."""
    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    events = Events(load_settings().ledger)
    (told,) = notices(events.latest("digits"), None)
    assert (told.text[:35], told.remedy) == ("the stress test of v1 was cut off: ", "regraft retrain digits")
    module.stress_owed(plan)
    module.stress_owed(plan)
    assert (tried, notices(events.latest("digits"), None)) == ([1], [])


def test_evaluate_version__decides_without_a_stress_test(plan, monkeypatch):
    """The decision comes back, and nothing that is only reported was run or announced for it."""
    monkeypatch.setattr(module, "find_champion", lambda name: None)
    monkeypatch.setattr(module, "judge", lambda plan, contestant: f"{plan.name} v{contestant.version} judged")
    monkeypatch.setattr(module, "gate", lambda plan, pair: f"{pair.challenger}, decided")
    monkeypatch.delattr(module, "stress")
    assert module.evaluate_version(plan, 1) == "digits v1 judged, decided"
    assert owed_stress("digits") == []


HOLDER = """
import sys; from pathlib import Path; from data.stores.locks import domain_lock
with domain_lock(Path('.regraft'), 'photos', 'retrain'): print('held', flush=True); sys.stdin.read()
"""


def test_evaluate__while_it_trains(project, image_folder, prefect_api, monkeypatch):
    """Samples that a retrain may rewrite are not judged: whoever holds the domain's lock is named."""
    write_domain("photos", image_folder(3), None)
    monkeypatch.setattr(module, "preprocess", None)  # not even begun
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER], cwd=project, **pipes) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="'photos' is busy: retrain runs in process"):
            module.evaluate("photos", 1)
        other.stdin.close()
