"""Data that machines share through DVC's remote."""

import pytest

from data.errors import VersioningError
from data.stores.versions import sharing
from data.stores.versions.sharing import adopt, is_shared
from data.stores.versions.stages import locked_stages

LOCAL = "[core]\n    remote = local\n['remote \"local\"']\n    url = ../.regraft/dvc-remote\n"
S3 = "[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://bucket/dvc\n"


@pytest.mark.parametrize(
    ("config", "local", "shared"),
    [(LOCAL, "", False), (S3, "", True), (LOCAL, S3, True), (S3, LOCAL, False), ("", "", False)],
)
def test_is_shared__default_remote(tmp_path, config, local, shared):
    """Only a remote at an address is one that others reach; this machine's own file goes first."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(config)
    (tmp_path / ".dvc" / "config.local").write_text(local)
    assert is_shared(tmp_path) is shared


def test_adopt__cut_off(project, monkeypatch):
    """Where the remote goes away in the middle the next run asks again, though dvc.lock speaks of the data already."""
    stages, asked = {"preprocess@photos": {"cmd": "x"}}, []

    def away(*names):
        raise VersioningError("no route")

    monkeypatch.setattr(sharing, "pull", away)
    with pytest.raises(VersioningError):
        adopt(project, "photos", stages)
    assert locked_stages(project, "photos") == stages
    monkeypatch.setattr(sharing, "pull", lambda root, *names: asked.append(names))
    assert [adopt(project, "photos", stages) for _ in range(2)] == [True, False]
    assert asked == [("preprocess@photos",)]
