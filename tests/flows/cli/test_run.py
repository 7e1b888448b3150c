"""What the commands that run a flow take and answer."""

from types import SimpleNamespace

import pytest

from flows.cli.run import _images, _show


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


def test_images__hidden_ones_are_passed_over(tmp_path):
    """Files of all levels in the order of their names; what begins with a dot, folder or file, is no image."""
    for name in ("b.png", "a/c.png", ".a.png", "a/.thumbnails/c.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert _images(tmp_path) == [tmp_path / "a" / "c.png", tmp_path / "b.png"]
