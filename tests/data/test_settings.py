"""Machine settings come from REGRAFT_* and .env."""

import os
from pathlib import Path

import pytest

from data.errors import ConfigError
from data.settings import load_settings


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


def test_cores__counts_what_this_process_may_use(project: Path) -> None:
    """A process bound to some cores says so."""
    assert load_settings().cores == len(os.sched_getaffinity(0))


def test_cores__without_affinity(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MacOS knows no affinity; all cores count there."""
    monkeypatch.delattr(os, "sched_getaffinity")
    assert load_settings().cores == os.cpu_count()
