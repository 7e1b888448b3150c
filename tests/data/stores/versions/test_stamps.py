"""DVC is spared where nothing changed, and asked wherever anything did."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.config import load_data_config
from data.stages.ingest import ingest
from data.stores.versions.stages import reproduce_stage
from data.stores.versions.stamps import unchanged


@pytest.fixture(scope="module")
def prepared(new_project: Callable[[], Path], helpers: Any) -> Path:
    """A project whose stages DVC has run."""
    root = new_project()
    helpers.folder_domain(root, 10)
    helpers.write_domain(root)
    ingest(root, "photos", load_data_config(root, "photos"))
    for stage in ("validate", "preprocess"):
        reproduce_stage(root, stage, "photos")
    return root


@pytest.mark.parametrize("stage", ["validate", "preprocess"])
def test_unchanged__nothing_new(prepared: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """A further ingest of the same files changes nothing, and no DVC is started."""
    ingest(prepared, "photos", load_data_config(prepared, "photos"))
    monkeypatch.setattr("data.stores.versions.stages.dvc", lambda *asked: pytest.fail("DVC was started"))
    reproduce_stage(prepared, stage, "photos")


@pytest.mark.parametrize(
    "file",
    [
        "domains/photos.yaml", "dvc.yaml", "params.yaml", "dvc.lock", "data/raw/photos/manifest.parquet",
        "data/processed/photos/index.parquet", "data/validated/photos/accepted.parquet",
    ],
)  # fmt: skip
def test_unchanged__anything_else(prepared: Path, file: str) -> None:
    """Other bytes of whatever the stages read or made, and DVC decides; the old file again, and it is spared."""
    path = prepared / file
    content, times = path.read_bytes(), path.stat()
    path.write_bytes(content.replace(b"md5: ", b"md5: 0") if file == "dvc.lock" else content + b"\n")
    assert not unchanged(prepared, "photos")
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert unchanged(prepared, "photos")


def test_unchanged__cache_lacks_a_file(prepared: Path) -> None:
    """What the cache has lost is for DVC to bring back."""
    lost = next(path for path in (prepared / ".dvc" / "cache").rglob("*") if path.is_file())
    lost.rename(lost.with_suffix(".away"))
    assert not unchanged(prepared, "photos")
    lost.with_suffix(".away").rename(lost)


def test_unchanged__a_file_too_many(prepared: Path) -> None:
    """A file that DVC did not leave there is for DVC to judge."""
    stray = prepared / "data" / "processed" / "photos" / "stray"
    stray.write_text("")
    assert not unchanged(prepared, "photos")
    stray.unlink()


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\nstages: {}\n", "stages: 1\n"])
def test_unchanged__lock_that_cannot_be_read(prepared: Path, text: str) -> None:
    """What is wrong with the lock file is for DVC to say."""
    content = (prepared / "dvc.lock").read_text()
    (prepared / "dvc.lock").write_text(text)
    assert not unchanged(prepared, "photos")
    (prepared / "dvc.lock").write_text(content)
