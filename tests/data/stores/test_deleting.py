"""What goes, whatever it is."""

import pytest

from data.errors import StorageError
from data.stores import deleting
from data.stores.deleting import delete


def test_delete__each_kind(tmp_path):
    """Files, folders and links go; a folder that is a link to another disk stays one, empty; nothing is no error."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inside").mkdir(parents=True)
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "linked").symlink_to(elsewhere)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    for name in ("folder", "file", "linked", "broken", "nothing"):
        delete(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "linked"]
    assert not list(elsewhere.iterdir())


def test_delete__refused(tmp_path, monkeypatch):
    """One line with the place and the remedy."""

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(deleting.shutil, "rmtree", refuse)
    with pytest.raises(StorageError, match=r"cannot be deleted: Permission denied; mend its rights and try again"):
        delete(tmp_path)
