"""A project that runs a database and an object store of its own."""

import pytest

from flows.scheduler.embedded.profile import choose
from registry.ledger.ledger import Change, Ledger
from settings.errors import ConfigError
from settings.machine import load_settings


def test_choose__written_once(project):
    """The addresses stand in `.env`, which only its owner reads, beside what was there; again changes nothing."""
    (project / ".env").write_text("REGRAFT_ACTOR=Ada")
    choose(load_settings(), ["postgres", "s3"])
    written, settings = (project / ".env").read_text(), load_settings()
    assert (project / ".env").stat().st_mode & 0o777 == 0o600
    assert (settings.actor, settings.embedded) == ("Ada", ("postgres", "s3"))
    assert settings.ledger.startswith("postgresql://regraft:")
    assert settings.artifacts == "s3://regraft/mlflow"
    choose(settings, ["s3", "postgres"])
    assert (project / ".env").read_text() == written


def test_choose__one_of_them(project):
    """The rest stays where it was."""
    choose(load_settings(), ["postgres"])
    assert load_settings().artifacts.startswith("file://")
    assert not (project / ".dvc" / "config.local").exists()


@pytest.mark.parametrize("made", ["promoted", "trained"])
def test_choose__too_late(project, made):
    """What is in production or in MLflow would be left behind: refused, with the remedy, and nothing is written."""
    if made == "promoted":
        Ledger(load_settings().ledger).append(Change("photos", "promote", None, 1, "Ada", "r", "", "d"))
    else:
        (load_settings().home / "mlartifacts" / "photos").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"keeps its state in SQLite and folders; .*`regraft init`"):
        choose(load_settings(), ["postgres"])
    assert not (project / ".env").exists()


def test_choose__before_anything_was_made(project):
    """A ledger without a row, which a look at the project makes, is no state."""
    Ledger(load_settings().ledger)
    choose(load_settings(), ["postgres"])
    assert load_settings().embedded == ("postgres",)


def test_choose__unknown(project):
    """The line says which there are."""
    with pytest.raises(ConfigError, match="--profile mysql: there are postgres, s3"):
        choose(load_settings(), ["mysql"])
