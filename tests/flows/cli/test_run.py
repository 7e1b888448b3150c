"""What the commands that run a flow take and answer."""

from types import SimpleNamespace

import pytest

from flows.cli.run import _show, _traffic


@pytest.mark.parametrize(
    ("outcome", "code"), [("PROMOTE", None), ("UNCHANGED", None), ("ROLLBACK", None), ("HOLD", 2), ("REJECT", 2)]
)
def test_show__exit_code(outcome, code, capsys):
    """A script can tell what the gate held or rejected."""
    found = SimpleNamespace(domain="photos", outcome=outcome, version=3, champion=None, reasons=("because",))
    if code is None:
        _show(found)
    else:
        with pytest.raises(SystemExit) as ended:
            _show(found)
        assert ended.value.code == code
    assert "because" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_traffic__says_what_will_start():
    """What was counted, and what that may start, by the domain's own schedule."""
    assert _traffic("solar", 0) == "Nothing was counted as traffic (--no-log)."
    assert "98 files were counted as traffic" in _traffic("solar", 98)
    assert "while `regraft up` runs (0 * * * *); drift starts a retrain" in _traffic("solar", 98)
    assert "when you run `regraft monitor digits`" in _traffic("digits", 1)
