"""Forget takes a sample out of prepared data, and the same call again finds it forgotten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data.stores.manifest import processed_folder, read_table
from flows.prepare import prepare
from flows.project.forget import forget
from flows.project.new import write_domain


@pytest.mark.usefixtures("prefect_api", "tracked")
def test_forget__by_path(project: Path, image_folder: Callable[..., Path]) -> None:
    """One sample fewer in the data, and the version that held it cannot be restored."""
    write_domain("photos", image_folder(10), None)
    before = prepare("photos")
    found = forget("photos", keys=("dark/003.png",))
    assert (found.samples, found.dataset_versions) == (1, (before.version,))
    assert len(read_table(processed_folder(project, "photos") / "manifest.parquet")) == 19
    (digest,) = (project / "domains" / "photos.forgotten").read_text().split()
    assert forget("photos", hashes=(digest,)).dataset_versions == ()
