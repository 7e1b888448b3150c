"""All data of a domain leave the project, and what another domain shares with it stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import VersioningError
from data.stages.ingest import ingest
from data.stages.remove import Place, folders_of, remove_data
from data.stores.atomic import write_text
from data.stores.manifest import processed_folder, raw_manifest_path, read_table
from data.stores.versions.restoring import restore
from data.stores.versions.stages import changed_stages, dataset_version, reproduce_stage


def twins(root: Path, helpers: Any) -> None:
    """Two domains of which the second holds the samples of the first and some of its own."""
    for name, count in (("twin", 6), ("photos", 9)):
        helpers.folder_domain(root, count, name=name)
        helpers.write_domain(root, name)


def test_remove_data__nothing_of_it_is_left(project: Path, helpers: Any) -> None:
    """Folders of data and home go, those of a domain whose name begins alike stay; again is no fault."""
    twins(project, helpers)
    for name in ("photos", "twin"):
        helpers.prepare(project, name)
        for room in ("reports", "packages"):
            (project / ".regraft" / room / name).mkdir(parents=True, exist_ok=True)
    (project / "data" / "restored" / f"photos-{'a' * 32}").mkdir(parents=True)
    (project / "data" / "raw" / "photos-2").mkdir()
    for name in ("photos", "twin"):
        write_text(project / ".regraft" / "stages" / f"{name}.json", "{}")
    place = Place(project, project / ".regraft", "photos")
    assert len(folders_of(place)) == 6  # raw, validated, processed, restored, reports and packages
    before = helpers.contents(processed_folder(project, "twin"))
    assert remove_data(place, ["twin"]) == remove_data(place, ["twin"]) == []
    assert folders_of(place) == []
    assert [path.name for path in (project / ".regraft" / "stages").iterdir()] == ["twin.json"]
    assert (project / "data" / "raw" / "photos-2").exists()
    assert helpers.contents(processed_folder(project, "twin")) == before
    assert len(list((project / "photos").rglob("*.png"))) == 18


@pytest.mark.long
def test_remove_data__versions_in_dvc(new_project: Callable[[], Path], helpers: Any) -> None:
    """The dataset version leaves DVC's cache and lock; the twin's stays whole, and its stages have nothing to do."""
    root, versions = new_project(), {}
    (root / "params.yaml").write_text("domains: []\n")
    twins(root, helpers)
    for name in ("twin", "photos"):
        ingest(root, name, helpers.write_domain(root, name))
        for stage in ("validate", "preprocess"):
            reproduce_stage(root, stage, name)
        versions[name] = dataset_version(root, name)
    assert raw_manifest_path(root, "photos").exists()
    remove_data(Place(root, root / ".regraft", "photos"), ["twin"])
    with pytest.raises(VersioningError, match="has no processed data yet"):
        dataset_version(root, "photos")
    (root / "domains" / "photos.yaml").unlink()
    assert changed_stages(root) == {}
    assert not list((root / ".dvc" / "cache").rglob(versions["photos"][2:]))
    assert restore(root, "twin", versions["twin"]) == processed_folder(root, "twin")
    assert len(read_table(processed_folder(root, "twin") / "manifest.parquet")) == 12
