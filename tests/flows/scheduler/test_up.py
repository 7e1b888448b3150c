"""`regraft up` with servers that start at once: each is started again, all end together, nothing is left."""

import os
import signal

import psutil
import pytest
from click.testing import CliRunner

from data.stores.locks import domain_lock
from flows.cli import regraft
from flows.process.environment import answers
from flows.scheduler.crew.config import LOCK, config_file
from flows.scheduler.crew.control import CrewError, end, restart
from flows.scheduler.up import up
from settings.errors import ConfigError
from settings.machine import Settings

ENDED = "error: all were told to end before their pages answered; nothing runs"


@pytest.mark.parametrize("how", [(), ("detach",)])
def test_up__one_a_project(crew, how):
    """Another one on other ports would take this one's runs for dead; it tells that alone, and writes nothing over."""
    told = config_file(crew.settings)
    for _ in range(2):
        with domain_lock(crew.settings.home, LOCK, "regraft up"), crew.start(*how) as second:
            (said,) = second.stdout.read().splitlines()
        assert second.returncode == 1
        assert said.startswith(f"error: 'regraft up' is busy: regraft up runs in process {os.getpid()}")
    assert not told.exists()
    assert len((told.parent / "keeper.log").read_text().splitlines()) == 2, "what an earlier one said stays"


def test_up__busy_port_starts_nothing(tmp_path, free_port):
    """No server has written anything below the home folder."""
    import socket

    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(ConfigError):
        up(Settings(root=tmp_path, mlflow_port=free_port))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["page", "flows"])
def test_up__killed_server_is_there_again(crew, name):
    """One dies and the others go on; its worker, which would hold its port, does not outlive it."""
    with crew.start() as process:
        before = crew.up()
        workers = psutil.Process(before[name].pid).children()
        os.kill(before[name].pid, signal.SIGKILL)
        after = crew.up(besides=before[name].pid)
        assert after[name].pid != before[name].pid
        assert {one: after[one].pid for one in after if one != name} == {
            one: before[one].pid for one in before if one != name
        }
        assert not psutil.wait_procs(workers, timeout=30)[1]
        crew.until(lambda: answers(f"http://127.0.0.1:{crew.port}/"))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up__signal_ends_all(crew, number):
    """Ctrl-C, a service manager's stop and a closed terminal are the normal ends; the terminal has shown each log."""
    with crew.start() as process:
        crew.up()
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("flows") and "| asleep" in line for line in lines)
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(timeout=60) == 0
    assert crew.family() == []


def test_up__killed_leaves_no_server(crew):
    """Kill -9 of the command ends what was started, too, so that the ports are free for the next one."""
    with crew.start() as process:
        crew.up()
        process.kill()
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_up__killed_keeper_leaves_no_server(crew):
    """Kill -9 of the process that keeps them ends all, and says so by its code."""
    with crew.start() as process:
        crew.up()
        os.kill(int((crew.settings.home / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
        process.stdout.read()
    assert process.returncode == 1
    assert not psutil.wait_procs(crew.family(), timeout=60)[1]


def test_up__detached(crew):
    """The command returns once the page answers; another process looks, restarts, reads logs and ends all."""
    with crew.start("detach") as process:
        said = process.stdout.read()
    assert process.returncode == 0
    assert "regraft is up" in said
    assert "`regraft down` ends all" in said
    found = crew.members()
    assert {*found} == {"page", "flows", "health"}
    assert {one.state for one in found.values()} <= {"starting", "running"}
    assert all(one.megabytes > 5 and one.since for one in found.values())
    restart(crew.settings, "page")
    assert crew.up(besides=found["page"].pid)["page"].pid != found["page"].pid
    end(crew.settings)
    assert crew.family() == []
    with pytest.raises(CrewError, match="start it with `regraft up`"):
        end(crew.settings)


def test_commands__of_a_crew(crew, monkeypatch):
    """`ps`, `logs` and `down` as a person calls them."""
    monkeypatch.setenv("REGRAFT_ROOT", str(crew.settings.root))
    monkeypatch.setenv("COLUMNS", "80")
    with crew.start("detach") as process:
        process.wait()
    run = CliRunner().invoke
    shown = run(regraft, ["ps"]).output
    assert all(name in shown for name in ("page", "flows", "health"))
    crew.until(lambda: "flows | asleep" in run(regraft, ["logs", "flows"]).output)
    assert "asleep" not in run(regraft, ["logs", "page"]).output
    assert run(regraft, ["down"]).output == "all have ended\n"
    assert run(regraft, ["ps"]).exit_code == 1


@pytest.mark.parametrize("crew", ["50% of #1"], indirect=True)
def test_up__folder_of_any_name(crew):
    """Neither a `%` nor a `#` is supervisord's own there; another temporary folder in the shell of `down` is none."""
    with crew.start("detach") as process:
        assert "regraft is up" in process.stdout.read()
    assert crew.up()
    end(crew.settings)
    assert crew.family() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up__detached_is_told_to_end_while_it_starts(crew, number):
    """It ends what it has begun and says so in a line."""
    (crew.settings.root / "mute").touch()
    with crew.start("detach") as process:
        crew.until(crew.members)
        process.send_signal(number)
        assert process.stdout.read().splitlines() == [ENDED]
        assert process.wait() == 1
    assert crew.family() == []


def test_up__detached_crew_is_ended_while_it_starts(crew):
    """`regraft down` in another terminal: nothing is up, and the first one says so."""
    (crew.settings.root / "mute").touch()
    with crew.start("detach") as process:
        crew.until(crew.members)
        end(crew.settings)
        assert process.stdout.read().splitlines() == [ENDED]
        assert process.wait() == 1
