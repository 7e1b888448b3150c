"""A stage by hand: one domain, and one line where its input is at fault."""

import sys

import pytest

from settings.entry import stage_main
from settings.errors import ConfigError


def test_stage_main__runs_on_its_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage gets the domain that was named."""
    seen: list[str] = []
    monkeypatch.setattr(sys, "argv", ["stage", "solar"])
    stage_main(seen.append)
    assert seen == ["solar"]


@pytest.mark.parametrize("arguments", [[], ["solar", "digits"]])
def test_stage_main__one_domain(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """None or several are refused before anything runs."""
    monkeypatch.setattr(sys, "argv", ["stage", *arguments])
    with pytest.raises(SystemExit, match="^error: give the name of one domain"):
        stage_main(pytest.fail)


def test_stage_main__fault_of_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that a user can mend is its own text and no traceback; anything else is a bug and stays one."""

    def broken(name: str) -> None:
        raise ConfigError(f"{name} is not there") if name == "solar" else KeyError(name)

    monkeypatch.setattr(sys, "argv", ["stage", "solar"])
    with pytest.raises(SystemExit, match="^error: solar is not there$"):
        stage_main(broken)
    monkeypatch.setattr(sys, "argv", ["stage", "digits"])
    with pytest.raises(KeyError):
        stage_main(broken)
