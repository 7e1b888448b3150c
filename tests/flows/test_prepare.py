"""Prepare for real: DVC's stages and the feature cache, and a second time with nothing new."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.stores.versions.stages import dataset_version
from flows.prepare import prepare
from flows.project.new import write_domain


@pytest.mark.usefixtures("prefect_api")
def test_prepare__nothing_is_left_to_do(project: Path, image_folder: Callable[..., Path]) -> None:
    """The version is DVC's, every sample has its features, the lock is free, and a second run changes nothing."""
    write_domain("photos", image_folder(10), None)
    found = prepare("photos")
    assert (found.version, found.folder) == (dataset_version(project, "photos"), project / "data/processed/photos")
    (hashes,) = (project / ".regraft" / "cache" / "features").glob("*/chunk-*/hashes.npy")
    before = hashes.stat()
    assert len(np.load(hashes)) == 20
    assert prepare("photos") == found
    assert hashes.stat() == before
