"""Machine settings come from REGRAFT_* and .env."""

import os
from pathlib import Path

import pytest

from settings.errors import ConfigError
from settings.machine import load_settings


def test_load_settings__defaults_lie_below_root(project: Path) -> None:
    """Without variables everything that is no data lies in .regraft, which exists."""
    settings = load_settings()
    assert settings.home == project / ".regraft"
    assert settings.home.is_dir()
    assert settings.tracking_uri == f"sqlite:///{project}/.regraft/mlflow.db"
    assert settings.ledger == f"sqlite:///{project}/.regraft/ledger.db"


def test_load_settings__variables_and_env_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable wins over .env, .env over the default."""
    (project / ".env").write_text("REGRAFT_THREADS=3\nREGRAFT_ACTOR=from-file\nUNRELATED=1\n")
    monkeypatch.setenv("REGRAFT_ACTOR", "from-variable")
    settings = load_settings()
    assert (settings.cores, settings.actor) == (3, "from-variable")


@pytest.mark.parametrize(("name", "value"), [("THREADS", "many"), ("PREFECT_PORT", "70000"), ("MLFLOW_PORT", "0")])
def test_load_settings__wrong_value(project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A wrong value is one line naming variable, value and where to correct it."""
    monkeypatch.setenv(f"REGRAFT_{name}", value)
    with pytest.raises(ConfigError, match=f"REGRAFT_{name}='{value}': .*correct it in the environment") as error:
        load_settings()
    assert "\n" not in str(error.value)


def test_load_settings__trainer(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The devices come from nested variables, from .env as well, and what is not named keeps its default."""
    text = "REGRAFT_TRAINER__NODES=3\nREGRAFT_TRAINER__RENDEZVOUS=10.0.0.1:29500\nREGRAFT_TRAINER__STRATEGY=ddp\n"
    (project / ".env").write_text(text)
    monkeypatch.setenv("REGRAFT_TRAINER__DEVICES", "2")
    monkeypatch.setenv("REGRAFT_TRAINER__COMPILE", "true")
    trainer = load_settings().trainer
    assert (trainer.devices, trainer.nodes, trainer.processes, trainer.strategy) == (2, 3, 6, "ddp")
    assert (trainer.compile, trainer.accelerator, trainer.precision) == (True, "auto", "32")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEVICES", "0"), ("DEVICES", "two"), ("PRECISION", "8"), ("STRATEGY", "dpp"), ("DEVICE", "2")],
)
def test_load_settings__wrong_trainer(project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A wrong value or option of the trainer is one line naming its variable."""
    monkeypatch.setenv(f"REGRAFT_TRAINER__{name}", value)
    with pytest.raises(ConfigError, match=f"^REGRAFT_TRAINER__{name}='{value}': .*correct it in the env") as error:
        load_settings()
    assert "\n" not in str(error.value)


def test_load_settings__trainer_in_one_word(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain value for the whole trainer is one line that says how it is set."""
    monkeypatch.setenv("REGRAFT_TRAINER", "cpu")
    with pytest.raises(ConfigError, match=r'"trainer".*such as REGRAFT_TRAINER__DEVICES=2') as error:
        load_settings()
    assert "\n" not in str(error.value)


def test_load_settings__nodes_without_a_meeting_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several machines need an address to meet at."""
    monkeypatch.setenv("REGRAFT_TRAINER__NODES", "2")
    with pytest.raises(ConfigError, match="REGRAFT_TRAINER.*several nodes need REGRAFT_TRAINER__RENDEZVOUS"):
        load_settings()


@pytest.mark.parametrize("value", ["0", "-1", "lots"])
def test_load_settings__wrong_cache_budget(project: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The cache's budget is a number above zero."""
    monkeypatch.setenv("REGRAFT_CACHE_GB", value)
    with pytest.raises(ConfigError, match=f"REGRAFT_CACHE_GB='{value}'"):
        load_settings()


def test_cores__counts_what_this_process_may_use(project: Path) -> None:
    """A process bound to some cores says so."""
    assert load_settings().cores == len(os.sched_getaffinity(0))


def test_cores__without_affinity(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MacOS knows no affinity; all cores count there."""
    monkeypatch.delattr(os, "sched_getaffinity")
    assert load_settings().cores == os.cpu_count()


def test_verify_keys__several(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public keys are separated as paths are on this machine; by default there is none."""
    assert load_settings().verify_keys == ()
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", os.pathsep.join(["old.pem", "new.pem"]))
    assert load_settings().verify_keys == ("old.pem", "new.pem")


@pytest.mark.parametrize("text", [os.pathsep, os.pathsep * 2, " "])
def test_verify_keys__none_named(project: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A variable that is set but names no key is an error, not leave to load any package."""
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", text)
    with pytest.raises(ConfigError, match=r"REGRAFT_VERIFY_KEY=.*names no PEM file.*correct it"):
        load_settings()


def test_settings__keep_their_keys(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that are shown, in a log for instance, show no key."""
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", "SECRET")
    assert "SECRET" not in f"{load_settings()!r} {load_settings()}"


def test_load_settings__request_larger_than_the_queue(monkeypatch):
    """A request that could never be taken is no setting."""
    monkeypatch.setenv("REGRAFT_SERVING__QUEUE", "10")
    with pytest.raises(ConfigError, match="items is over queue"):
        load_settings()
