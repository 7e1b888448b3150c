"""`regraft up` as a person has it: real servers, a real cron run, a debt that is paid, one Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
FLOWS = """
from prefect import flow

@flow(name="retrain", flow_run_name="retrain {domain}")
def retrain(domain: str, reason: str = "asked for", check: str = "") -> str:
    return reason

@flow(name="monitor", flow_run_name="monitor {domain}")
def monitor(domain: str) -> str:
    return domain
"""
SERVING = """
import os
from flows.scheduler import runner
from flows.process.environment import prepare_environment
settings = prepare_environment()
runner.wait_for(os.environ["PREFECT_API_URL"] + "/health", 120)
import tiny_flows
runner.serve(settings, retrain=tiny_flows.retrain, monitor=tiny_flows.monitor)
"""
STARTING = """
from flows.process.environment import prepare_environment
from flows.scheduler.up import up
raise SystemExit(up(prepare_environment(), serving="tiny_serving"))
"""
OWE = """
import sys
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
for domain in sys.argv[1:]:
    check = CheckRecord(domain, 1, "w", suspect=True, outcome="retrain", reason="drift of " + domain)
    Checks(load_settings().ledger).add(check, "")
"""


@dataclass(frozen=True)
class Running:
    """A started `regraft up` with tiny flows behind the schedules."""

    process: subprocess.Popen[bytes]
    env: dict[str, str]
    log: Path

    @property
    def prefect(self) -> str:
        """Address of the Prefect server."""
        return f"http://127.0.0.1:{self.env['REGRAFT_PREFECT_PORT']}"

    @property
    def mlflow(self) -> str:
        """Address of the MLflow server."""
        return f"http://127.0.0.1:{self.env['REGRAFT_MLFLOW_PORT']}"

    @property
    def service(self) -> str:
        """Address of the models."""
        return f"http://127.0.0.1:{self.env['REGRAFT_SERVING__PORT']}"

    def query(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """Asks Prefect's REST API."""
        head = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.prefect}/api/{path}/filter", json.dumps(body).encode(), head)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  -- our own server
            return json.load(answer)

    def runs(self, flow: str, domain: str) -> list[dict[str, Any]]:
        """Runs of a flow for one domain that are more than planned."""
        found = self.query("flow_runs", flows={"name": {"any_": [flow]}})
        return [run for run in found if run["parameters"]["domain"] == domain and run["state_name"] != "Scheduled"]

    def completed(self, flow: str, domain: str) -> list[dict[str, Any]]:
        """Those that came to a good end."""
        return [run for run in self.runs(flow, domain) if run["state_name"] == "Completed"]

    def owe(self, *domains: str) -> None:
        """Writes checks that owe a retrain, by a process that dies before it starts one."""
        subprocess.run([sys.executable, "-c", OWE, *domains], env=self.env, check=True, timeout=PATIENCE)

    def until(self, what: Callable[[], Any]) -> Any:
        """Asks again until there is something; fails with the log when patience or the servers end."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := what():
                return found
            time.sleep(0.5)
        pytest.fail(f"not within {PATIENCE:.0f} s:\n{self.log.read_text()}")


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    """Two domains, one of them watched every minute; whatever is left at the end is killed."""
    folder = tmp_path_factory.mktemp("up")
    env = project(folder)
    command = [sys.executable, "-c", STARTING]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    family: list[psutil.Process] = []
    try:
        yield Running(process, env, folder / "log")
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    finally:
        process.terminate()
        process.wait(30)
        for left in psutil.wait_procs(family, timeout=10)[1]:
            left.kill()


def project(folder: Path) -> dict[str, str]:
    """Writes domains and tiny flows, and says in which environment they run."""
    domain = (ROOT / "domains" / "digits.yaml").read_text(encoding="utf-8")
    (folder / "domains").mkdir()
    (folder / "domains" / "watched.yaml").write_text(domain + '\nschedule:\n  monitor: "* * * * *"\n', encoding="utf-8")
    (folder / "domains" / "asked.yaml").write_text(domain, encoding="utf-8")
    (folder / "tiny_flows.py").write_text(FLOWS, encoding="utf-8")
    (folder / "tiny_serving.py").write_text(SERVING, encoding="utf-8")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "REGRAFT_", "MLFLOW_"))
    }
    prefect, mlflow, service = free_ports()
    ours = {"REGRAFT_ROOT": folder, "REGRAFT_PREFECT_PORT": prefect, "REGRAFT_MLFLOW_PORT": mlflow}
    ours["REGRAFT_SERVING__PORT"] = service
    ours["PYTHONPATH"] = f"{ROOT}{os.pathsep}{folder}"
    return kept | {name: str(value) for name, value in ours.items()}


def free_ports() -> list[int]:
    """Three ports that nobody uses at this moment."""
    with socket.socket() as one, socket.socket() as other, socket.socket() as third:
        probes = (one, other, third)
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def answers(address: str) -> bool:
    """Whether a page comes back."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  -- our own server
            return "<html" in answer.read().decode().lower()
    except OSError:
        return False


def test_up__pages_answer(running):
    """The UIs of Prefect and MLflow and the models' page are there, and the terminal says where."""
    for address in (running.prefect, running.mlflow, running.service):
        assert running.until(lambda address=address: answers(address))
    assert running.until(lambda: running.mlflow in running.log.read_text())


def test_up__registers_every_domain(running):
    """Deployments of both domains, and the automation that finds silent runs."""
    assert running.until(lambda: len(running.query("automations")) == 1)
    assert running.until(lambda: len(running.query("deployments")) == 4)
    told = running.query("deployments")
    assert len({tag for one in told for tag in one["tags"] if tag.startswith("project ")}) == 1
    named = {(one["name"], *sorted(tag for tag in one["tags"] if not tag.startswith("project "))) for one in told}
    assert named == {(name, *sorted([name, verb])) for name in ("asked", "watched") for verb in ("retrain", "monitor")}


def test_up__cron_run_completes(running):
    """The schedule's minute comes and the run is done, not only planned."""
    first = running.until(lambda: running.completed("monitor", "watched"))[0]
    assert first["auto_scheduled"]
    assert first["parameters"] == {"domain": "watched"}


def test_up__starts_what_is_owed(running):
    """A check was written and its process died: the retrain that it owes is started, once, with its reason."""
    running.owe("watched", "asked")
    for name in ("watched", "asked"):
        (run,) = running.until(lambda name=name: running.completed("retrain", name))
        assert (run["name"], run["parameters"]["reason"]) == (f"retrain {name}", f"drift of {name}")
    time.sleep(20)  # longer than it takes to look again
    assert len(running.query("flow_runs", flows={"name": {"any_": ["retrain"]}})) == 2


def test_up__notices_a_new_domain(running):
    """A file that comes while the servers run is served; a broken one is told and stops nothing."""
    folder = Path(running.env["REGRAFT_ROOT"]) / "domains"
    (folder / "late.yaml").write_text((folder / "asked.yaml").read_text())
    (folder / "broken.yaml").write_text("data: [")
    running.until(lambda: "late" in {one["name"] for one in running.query("deployments")})
    running.until(lambda: "'broken' is not served until this is mended" in running.log.read_text())
    (folder / "late.yaml").unlink()
    running.until(lambda: {one["name"] for one in running.query("deployments")} == {"asked", "watched"})


def test_up__killed_service_comes_back(running):
    """A service that is killed alone is started again, and nothing else has ended."""

    def serves(process: psutil.Process) -> bool:
        with suppress(psutil.Error):  # it has just ended
            return "serve" in process.cmdline()
        return False

    def serving() -> list[psutil.Process]:
        return [one for one in psutil.Process(running.process.pid).children(recursive=True) if serves(one)]

    def alive() -> bool:
        with suppress(OSError):
            return bool(urllib.request.urlopen(f"{running.service}/healthz", timeout=5).read())  # noqa: S310
        return False

    running.until(alive)
    (first,) = serving()
    first.kill()
    running.until(lambda: first.pid not in {one.pid for one in serving()} and alive())
    assert answers(running.mlflow)


def test_up__second_start_meets_busy_ports(running):
    """One line that says what to do, and the first servers go on."""
    command = [str(Path(sys.executable).with_name("regraft")), "up"]
    second = subprocess.run(command, env=running.env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "REGRAFT_PREFECT_PORT" in second.stderr
    assert answers(running.mlflow)


def test_up__one_interrupt_ends_all(running):
    """Ctrl-C ends the servers within seconds, leaves no process behind and is no failure."""
    family = psutil.Process(running.process.pid).children(recursive=True)
    assert len(family) >= 6
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=30) == 0
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
