"""A stage by hand: one domain, and one line where its input is at fault."""

import sys

import pytest

from settings.entry import stage_main
from settings.errors import ConfigError, RegraftError


class DiskError(RegraftError, OSError):
    """A fault that may pass."""


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


@pytest.mark.parametrize(("fault", "code"), [(ConfigError("solar is not there"), 65), (DiskError("no room"), 1)])
def test_stage_main__fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: RegraftError, code: int
) -> None:
    """A fault that a user can mend is its own text and no traceback; the code tells one of input, which stays."""

    def broken(_: str) -> None:
        raise fault

    monkeypatch.setattr(sys, "argv", ["stage", "solar"])
    with pytest.raises(SystemExit) as ended:
        stage_main(broken)
    assert (ended.value.code, capsys.readouterr().err) == (code, f"error: {fault}\n")


def test_stage_main__bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else is a bug and stays one."""

    def broken(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(sys, "argv", ["stage", "digits"])
    with pytest.raises(KeyError):
        stage_main(broken)
