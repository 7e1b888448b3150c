"""Whatever breaks between a decision and what follows from it: it is started once."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.scheduler.debts import pay_debts_of
from monitoring.controller.policy import PolicyConfig
from monitoring.controller.state import Evidence
from registry.ledger.events import Event, Events
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from registry.ledger.watch.retrains import ASKED
from settings.machine import load_settings
from tasks.server import deployment_name
from tasks.watch.acting import alerting
from tasks.watch.acting.alerting import alert
from tasks.watch.acting.deciding import decide_check
from tasks.watch.acting.delivering import deliver, settle_owed

DYING = """
import json, os, signal, sys
from registry.ledger.watch.checks import Checks
from tasks.domain import Domain
from tasks.monitor import Seen
from monitoring.controller.state import Evidence
from tasks.watch.acting.deciding import decide_check
domain = Domain.model_validate_json(sys.stdin.read())
seen = Seen("photos", 1, Evidence("ok", "60", drift="drift: mmd"), 60, sys.argv[1], {}, None, "")
decide_check.fn(domain, seen)
print("decided", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@flow(name="retrain")
def retrain(domain: str, reason: str = "asked for", check: str = "") -> str:
    """Stands where the real flow stands; these tests run nothing."""
    return domain + reason + check


def checks() -> Checks:
    """Of the project."""
    return Checks(load_settings().ledger)


def policy(domain, **changes):
    """The domain with another policy."""
    monitoring = domain.monitoring.model_copy(update={"policy": PolicyConfig.model_validate(changes)})
    return domain.model_copy(update={"monitoring": monitoring})


def dies(domain, window: str) -> None:
    """A process decides, and is killed before it starts anything."""
    left = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    found = subprocess.run(
        [sys.executable, "-c", DYING, window], input=domain.model_dump_json(), env=left, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert (found.returncode, found.stdout) == (-signal.SIGKILL, "decided\n"), found.stderr


class Server:
    """A Prefect server of its own, which may end and begin again on the same data."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.process = folder, None

    @property
    def url(self) -> str:
        """Address of the API."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Begins, and waits until it answers."""
        env = {**os.environ, "PREFECT_HOME": str(self.folder), "PREFECT_API_URL": ""}
        env["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{self.folder / 'prefect.db'}"
        env["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(self.port), "--no-ui"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.3)

    def kill(self) -> None:
        """Ends as in a power cut."""
        if self.process:
            self.process.kill()
            self.process.wait(30)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def server(tmp_path_factory) -> Iterator[Server]:
    """A server that runs."""
    made = Server(tmp_path_factory.mktemp("prefect"))
    made.start()
    with temporary_settings({PREFECT_API_URL: made.url}):
        yield made
    made.kill()


def runs() -> list:
    """All runs that the server knows."""
    with get_client(sync_client=True) as client:
        return client.read_flow_runs()


@pytest.mark.long
def test_kill__after_the_decision_and_a_server_that_restarts(tracked, plan, server):
    """The scheduler pays what a killed process owed, once, though the server was killed in between."""
    retrain.to_deployment(deployment_name("photos"), parameters={"domain": "photos"}).apply()
    dies(plan.domain, "w1")
    (owed,) = checks().owed("photos")
    server.kill()
    pay_debts_of("photos")
    assert checks().owed("photos") == [owed]
    server.start()
    pay_debts_of("photos")
    (run,) = runs()
    assert (run.parameters["check"], run.parameters["reason"]) == (owed.key, owed.reason)
    assert checks().owed("photos") == []
    server.kill(), server.start()
    pay_debts_of("photos"), pay_debts_of("photos")
    assert len(runs()) == 1


@pytest.mark.long
def test_kill__server_restarts_before_it_was_written(tracked, plan, server, monkeypatch):
    """The run was made, but who made it died before that was on record, and so did the server: still one run."""
    retrain.to_deployment(deployment_name("photos"), parameters={"domain": "photos"}).apply()
    dies(plan.domain, "w1")
    with monkeypatch.context() as patch:
        patch.setattr(Checks, "deliver", lambda *_: None)
        deliver.fn("photos")
    server.kill(), server.start()
    assert len(checks().owed("photos")) == 1
    pay_debts_of("photos")
    assert (len(runs()), checks().owed("photos")) == (1, [])


def test_two_checks__at_once(tracked, plan, seen):
    """Of five checks of the same traffic at one moment one owes a retrain, the others know of it."""
    together = threading.Barrier(5)

    def check(number: int) -> str:
        together.wait()
        return decide_check.fn(plan.domain, seen(window=f"w{number % 2}")).outcome

    with ThreadPoolExecutor(5) as pool:
        outcomes = sorted(pool.map(check, range(5)))
    assert outcomes == ["retrain", *["watch"] * 4]
    assert len(checks().owed("photos")) == 1


def test_storm__one_retrain_and_one_alert(tracked, plan, seen, monkeypatch):
    """A thousand checks that find drift, each in other traffic: one retrain is owed, people are told once."""
    sent = []
    monkeypatch.setattr(alerting, "channels", lambda _: {"mail": None})
    monkeypatch.setattr(alerting, "sent", lambda *args: sent.append(args) or True)
    before = ""
    for number in range(1000):
        outcome = "retrain" if number == 0 else "watch"
        record = CheckRecord("photos", 1, f"storm {number}", suspect=True, outcome=outcome, reason="drift")
        before = checks().add(record, before).key
        if number == 0:
            alert.fn("photos")
    assert decide_check.fn(plan.domain, seen(window="last")).outcome == "watch"
    alert.fn("photos")
    assert len(checks().owed("photos")) == 1
    assert len(sent) == 1


def test_storm__of_events(tracked, plan, seen):
    """A thousand retrains that changed nothing trip the breaker; a reset lets one through, and is then used up."""
    events, ledger = Events(load_settings().ledger), load_settings().ledger
    for _ in range(250):
        for outcome, text in (("begun", f"{ASKED}abc"), ("nothing", ""), ("done", ""), ("failed", "")):
            events.add(Event("photos", "retrain", outcome, text=text))
    lax = policy(plan.domain, breaker=3, backoff_hours=0, per_week=9999)
    held = decide_check.fn(lax, seen())
    assert held.outcome == "hold"
    assert "a person must look, then `regraft alerts DOMAIN --reset`" in held.reason
    Marks(ledger).add(Mark("photos", "reset", "", "me"))
    assert decide_check.fn(lax, seen(window="w2")).outcome == "retrain"
    settle_owed("photos", "run")
    for _ in range(3):
        for outcome, text in (("begun", f"{ASKED}abc"), ("nothing", ""), ("done", "")):
            events.add(Event("photos", "retrain", outcome, text=text))
    assert decide_check.fn(lax, seen(window="w3")).outcome == "hold"


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (Evidence("ok", "60", drift="drift"), "hold"),
        (Evidence("ok", "60", harm="much"), "hold"),
        (Evidence("ok", "60"), "ok"),
    ],
)
def test_observe__starts_nothing(tracked, plan, seen, prefect_api, evidence, outcome):
    """Whatever it finds, it tells and owes nothing."""
    domain = policy(plan.domain, mode="observe")
    assert decide_check.fn(domain, seen(evidence)).outcome == outcome
    assert checks().owed("photos") == []
    assert deliver.fn("photos") == []


def test_approve__asks_once(tracked, plan, seen, monkeypatch):
    """Check after check of other traffic: people are asked once, and nothing is started."""
    sent = []
    monkeypatch.setattr(alerting, "channels", lambda _: {"mail": None})
    monkeypatch.setattr(alerting, "sent", lambda *args: sent.append(args[2]) or True)
    domain = policy(plan.domain, mode="approve")
    for number in range(5):
        decide_check.fn(domain, seen(window=f"w{number}"))
        alert.fn("photos")
    assert [one.outcome for one in sent] == ["hold"]
    assert "`regraft alerts DOMAIN --approve` starts it" in sent[0].reason
    assert checks().owed("photos") == []


def test_quiet_hours__across_midnight(tracked, plan, seen):
    """Held from ten in the evening to six in the morning by the clock there, started afterwards."""
    from registry.ledger.history import row_stamp
    from tasks.watch.acting.deciding import decided
    from tasks.watch.moment import Moment

    domain = policy(plan.domain, quiet="22-06")
    berlin = domain.schedule.model_copy(update={"timezone": "Europe/Berlin"})
    domain = domain.model_copy(update={"schedule": berlin})

    def outcome(utc: str) -> str:
        moment = Moment.past(datetime.fromisoformat(utc).replace(tzinfo=UTC))
        assert row_stamp(moment.now)
        return decided(domain, seen(), [], moment).outcome

    summer = [outcome(f"2026-07-01T{hour}") for hour in ("19:59", "20:00", "23:30", "03:59", "04:00")]
    assert summer == ["retrain", "hold", "hold", "hold", "retrain"]
    winter = [outcome(f"2026-01-15T{hour}") for hour in ("20:59", "21:00", "04:59", "05:00")]
    assert winter == ["retrain", "hold", "hold", "retrain"]


def test_clock__set_back(tracked, plan, seen):
    """After the clock went back a day the order of checks, what runs, and what was started are known still."""
    first = decide_check.fn(plan.domain, seen())
    settle_owed("photos", "run")
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="microseconds")
    from sqlalchemy import update

    from registry.ledger.sql.database import Database
    from registry.ledger.sql.tables import CHECKS

    with Database(load_settings().ledger).writing() as connection:
        connection.execute(update(CHECKS).where(CHECKS.c.key == first.key).values(time=ahead))
    same = decide_check.fn(plan.domain, seen())
    assert (same.outcome, "the same traffic has started a retrain already" in same.reason) == ("watch", True)
    assert [one.key for one in checks().newest("photos", 2)] == [first.key, same.key]
    other = decide_check.fn(plan.domain, replace(seen(), window="w9"))
    assert other.outcome == "retrain"
