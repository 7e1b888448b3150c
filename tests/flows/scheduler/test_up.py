"""What `regraft up` decides before it starts anything, and that its processes end together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from data.stores.locks import domain_lock
from flows.scheduler.up import Processes, check_ports, environment, up, web_servers
from settings.errors import ConfigError
from settings.machine import ServingSettings, Settings

SERVING = ServingSettings(port=14292)
PYTHON = sys.executable
SLEEPER = [PYTHON, "-c", "import signal; signal.pause()"]
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"

SECOND = """
import pathlib, sys
from flows.scheduler.up import up
from settings.machine import Settings
up(Settings(root=pathlib.Path(sys.argv[1]), prefect_port=14295, mlflow_port=14296, serving={"port": 0}))
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on, on all interfaces."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104  -- the check must see a listener elsewhere than on 127.0.0.1
        listener.listen()
        yield listener.getsockname()[1]


def settings(tmp_path, **given) -> Settings:
    """Settings of a project in a temporary folder, on ports that nobody uses."""
    return Settings(root=tmp_path, **{"prefect_port": 14293, "mlflow_port": 14294, "serving": SERVING, **given})


def test_web_servers__all_local(tmp_path):
    """Every server binds to this machine only, MLflow with one worker."""
    servers = web_servers(settings(tmp_path))
    assert [server.name for server in servers] == ["prefect", "mlflow", "service"]
    assert all("--host 127.0.0.1" in " ".join(server.command) for server in servers[:2])
    assert servers[2].command[-2:] == ["--port", "14292"]
    assert "--workers 1" in " ".join(servers[1].command)


def test_web_servers__mlflow_runs_elsewhere(tmp_path):
    """A tracking server of somebody else is used, not started."""
    servers = web_servers(settings(tmp_path, mlflow_uri="https://mlflow.example.org"))
    assert [server.name for server in servers] == ["prefect", "service"]


def test_web_servers__no_service(tmp_path):
    """Port 0 says that the models are served elsewhere, or not at all."""
    servers = web_servers(settings(tmp_path, serving=ServingSettings(port=0)))
    assert [server.name for server in servers] == ["prefect", "mlflow"]


def test_environment__points_at_own_servers(tmp_path):
    """The UI and all clients use the configured port, and the store's URL stands on no command line."""
    given = settings(tmp_path, mlflow_uri="postgresql://user:secret@db/mlflow")
    env = environment(given)
    assert env["PREFECT_API_URL"] == env["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:14293/api"
    assert env["MLFLOW_BACKEND_STORE_URI"] == given.tracking_uri
    assert not any("secret" in part for server in web_servers(given) for part in server.command)


def test_check_ports__free(tmp_path):
    """Two free ports pass."""
    check_ports(web_servers(settings(tmp_path)))


@pytest.mark.parametrize(("field", "name"), [("prefect_port", "prefect"), ("mlflow_port", "mlflow")])
def test_check_ports__busy(tmp_path, taken, field, name):
    """The message names the port, who needs it and the variable to change."""
    pattern = f"port {taken}, which the {name} server needs.*REGRAFT_{name.upper()}_PORT"
    with pytest.raises(ConfigError, match=pattern):
        check_ports(web_servers(settings(tmp_path, **{field: taken})))


def test_check_ports__wanted_twice(tmp_path):
    """Both servers on one port is an error before either starts."""
    with pytest.raises(ConfigError, match="REGRAFT_PREFECT_PORT uses it too"):
        check_ports(web_servers(settings(tmp_path, mlflow_port=14293)))


def test_up__one_a_project(tmp_path):
    """Another one on other ports would take this one's runs for dead."""
    command = [PYTHON, "-c", SECOND, str(tmp_path)]
    with domain_lock(tmp_path / ".regraft", "regraft up", "regraft up"):
        said = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, check=False).stderr
    assert f"'regraft up' is busy: regraft up runs in process {os.getpid()}" in said.splitlines()[-1]


def test_up__busy_port_starts_nothing(tmp_path, taken):
    """No server has written anything below the home folder."""
    with pytest.raises(ConfigError):
        up(settings(tmp_path, mlflow_port=taken))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [0, 3])
def test_processes__one_ends_all_end(code, capfd):
    """Whatever code a server ends with, the others end too and the result is a failure."""
    brief = [PYTHON, "-c", f"print('bye'); raise SystemExit({code})"]
    assert Processes({"sleeper": SLEEPER, "brief": brief}, {}, lambda: None).run() == 1
    assert "brief   | bye" in capfd.readouterr().out


def test_processes__killed_server_leaves_a_worker():
    """The death of a server counts, although a worker of it still holds its output open."""
    parent = f"import os, subprocess; subprocess.Popen([{PYTHON!r}, *{SLEEPER[1:]}]); os.kill(os.getpid(), 9)"
    assert Processes({"sleeper": SLEEPER, "parent": [PYTHON, "-c", parent]}, {}, lambda: None).run() == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_processes__signal_ends_all(number):
    """Ctrl-C, a service manager's stop and a closed terminal are the normal ends."""
    started = f"Processes({{'one': {SLEEPER}}}, {{}}, lambda: None)"
    program = f"from flows.scheduler.up import Processes; raise SystemExit({started}.run())"
    with subprocess.Popen([PYTHON, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert "one started" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=30) == 0


def test_processes__stubborn_child_in_a_group_of_its_own(tmp_path):
    """A grandchild that ignores SIGTERM, in another process group, is killed as well."""
    note = tmp_path / "pid"
    stubborn = f"{IGNORE}; import os, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); signal.pause()"
    parent = f"import subprocess; subprocess.run([{PYTHON!r}, '-c', {stubborn!r}], start_new_session=True)"
    waiter = f"import os, time\nwhile not os.path.exists({str(note)!r}): time.sleep(0.05)"
    commands = {"parent": [PYTHON, "-c", parent], "waiter": [PYTHON, "-c", waiter]}
    assert Processes(commands, {}, lambda: None).run() == 1
    assert not alive(int(note.read_text()))


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


SERVERS = """
import sys
from pathlib import Path
from flows.scheduler import up as module
from settings.machine import Settings
module.web_servers = lambda settings: []
module.up(Settings(root=Path(sys.argv[1])), serving="sleeper")
"""


def test_up__killed_leaves_no_server(tmp_path):
    """Kill -9 ends what was started, too, so that the ports are free for the next one."""
    (tmp_path / "sleeper.py").write_text("import time\nprint('asleep', flush=True)\ntime.sleep(600)\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = [PYTHON, "-c", SERVERS, str(tmp_path)]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("asleep" in line for line in process.stdout)
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert len(started) >= 2
        assert not psutil.wait_procs(started, timeout=60)[1]


SERVICE = """
from flows.process.environment import prepare_environment
from flows.scheduler import up as module
module.web_servers = lambda settings, known=module.web_servers: known(settings)[-1:]
module.up(prepare_environment(), serving="sleeper")
"""


def test_up__killed_service_is_there_again(project, monkeypatch):
    """Kill -9 of the parent ends the service, and the next one has its port at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (project / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("REGRAFT_SERVING__PORT", str(port))
    for _ in range(2):
        with subprocess.Popen([PYTHON, "-c", SERVICE], stdout=subprocess.DEVNULL) as process:
            until = time.monotonic() + 90
            while not listens(port) and time.monotonic() < until:
                time.sleep(0.2)
            assert listens(port)
            started = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        assert not psutil.wait_procs(started, timeout=60)[1]
        assert not listens(port)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
