"""Data that machines share through DVC's remote."""

import pytest

from data.stores.versions.sharing import is_shared

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
