"""DVC for real: stages, versions, restoring, its lock, and what goes wrong in a stage."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from data.config import load_data_config
from data.errors import RefusedError, SourceError, VersioningError
from data.stages.ingest import ingest
from data.stores.manifest import processed_folder, raw_manifest_path, read_table
from data.stores.versions.dvc import dvc
from data.stores.versions.erasing import erase_versions, stores
from data.stores.versions.restoring import check_out, restore
from data.stores.versions.stages import changed_stages, dataset_version, enrol, reproduce_stage
from settings.errors import ConfigError


@dataclass(frozen=True)
class History:
    """A project with two dataset versions, the second one with more samples."""

    root: Path
    versions: tuple[str, str]
    contents: tuple[dict[str, bytes], dict[str, bytes]]


def ingested(root: Path, helpers: Any, count: int) -> Path:
    """The domain `photos` with so many images a class."""
    helpers.folder_domain(root, count)
    helpers.write_domain(root)
    (root / "params.yaml").write_text("domains: []\n")
    ingest(root, "photos", load_data_config(root, "photos"))
    return root


@pytest.fixture(scope="module")
def history(new_project: Callable[[], Path], helpers: Any) -> History:
    """Two runs as the flow makes them: validate, then preprocess."""
    root = new_project()
    versions, contents = [], []
    for count in (10, 14):
        ingested(root, helpers, count)
        reproduce_stage(root, "validate", "photos")
        reproduce_stage(root, "preprocess", "photos")
        versions.append(dataset_version(root, "photos"))
        contents.append(helpers.contents(processed_folder(root, "photos")))
    return History(root, (versions[0], versions[1]), (contents[0], contents[1]))


def test_reproduce_stage__leaves_a_clean_status(history: History) -> None:
    """After the two stages DVC has nothing to do, and a further run changes nothing."""
    assert changed_stages(history.root) == {}
    before = (processed_folder(history.root, "photos") / "index.parquet").stat()
    reproduce_stage(history.root, "preprocess", "photos")
    assert (processed_folder(history.root, "photos") / "index.parquet").stat() == before
    assert dataset_version(history.root, "photos") == history.versions[1]


def test_dataset_version__names_the_content(history: History) -> None:
    """A version is DVC's hash of 36 characters, and another one for other data."""
    assert history.versions[0] != history.versions[1]
    assert all(len(version) == 36 and version.endswith(".dir") for version in history.versions)


def test_reproduce_stage__nothing_was_ingested(new_project: Callable[[], Path]) -> None:
    """A domain that was never prepared is one line that says what to run, and DVC is not troubled."""
    root = new_project()
    with pytest.raises(SourceError, match="'photos' has no data yet; run `regraft prepare photos`"):
        reproduce_stage(root, "preprocess", "photos")
    assert "photos" not in (root / "params.yaml").read_text()


def test_reproduce_stage__first_version_is_the_same_anywhere(
    history: History, new_project: Callable[[], Path], helpers: Any
) -> None:
    """A stage that fails says so in its own one line; `dvc repro` by hand then gives the flow's bytes and version."""
    root = ingested(new_project(), helpers, 10)
    file = root / "photos" / "b" / "0007.png"
    content = file.read_bytes()
    file.write_bytes(b"changed")
    with pytest.raises(RefusedError) as error:
        reproduce_stage(root, "preprocess", "photos")
    assert str(error.value) == "b/0007.png changed after it was ingested; run the flow again to ingest it anew"
    file.write_bytes(content)
    by_hand = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "preprocess@photos"],
        cwd=root, env=helpers.environment(root), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert by_hand.returncode == 0, by_hand.stderr
    assert helpers.contents(processed_folder(root, "photos")) == history.contents[0]
    assert dataset_version(root, "photos") == history.versions[0]


def test_history__grown_data_move_nothing(history: History) -> None:
    """The second version holds the samples of the first with their splits and positions, and new ones behind them."""
    first = read_table(restore(history.root, "photos", history.versions[0]) / "manifest.parquet")
    second = read_table(processed_folder(history.root, "photos") / "manifest.parquet")
    assert (len(first), len(second)) == (20, 28)
    assert second.head(20).equals(first)


def test_restore__older_version_beside_the_current(history: History, helpers: Any) -> None:
    """An older version comes back byte by byte, as often as wanted, and the current one stays where it is."""
    for _ in range(2):
        folder = restore(history.root, "photos", history.versions[0])
        assert helpers.contents(folder) == history.contents[0]
    assert helpers.contents(processed_folder(history.root, "photos")) == history.contents[1]
    assert changed_stages(history.root) == {}


def test_restore__mends_an_altered_copy(history: History, helpers: Any) -> None:
    """Restoring the current version repairs what was altered or lost in it."""
    folder = processed_folder(history.root, "photos")
    (folder / "shard-00000.npy").write_bytes(b"altered")
    (folder / "manifest.parquet").unlink()
    assert restore(history.root, "photos", history.versions[1]) == folder
    assert helpers.contents(folder) == history.contents[1]


def test_restore__from_the_remote(history: History, new_project: Callable[[], Path], helpers: Any) -> None:
    """A version that only the remote has is fetched from there; one that nobody has is named."""
    root = new_project()
    subprocess.run([sys.executable, "-m", "dvc", "push", "--quiet"], cwd=history.root, check=True)
    shutil.copytree(history.root / ".regraft" / "dvc-remote", root / ".regraft" / "dvc-remote")
    shutil.copy(history.root / "dvc.lock", root / "dvc.lock")
    shutil.copy(history.root / "params.yaml", root / "params.yaml")
    helpers.write_domain(root)
    assert helpers.contents(restore(root, "photos", history.versions[1])) == history.contents[1]
    with pytest.raises(VersioningError, match=r"0000\.dir is neither in the DVC cache nor in its remote .*`dvc push`"):
        restore(root, "photos", "0" * 32 + ".dir")


def test_check_out__from_what_a_backup_holds(history: History, new_project: Callable[[], Path], helpers: Any) -> None:
    """Cache and lock are enough for the prepared data, though another domain was never prepared."""
    root = new_project()
    places, addresses = stores(history.root)
    assert (places, addresses) == ([history.root / ".dvc" / "cache", history.root / ".regraft" / "dvc-remote"], [])
    shutil.copytree(places[0], root / ".dvc" / "cache")
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(history.root / name, root / name)
    helpers.write_domain(root)
    enrol(root, "twin")
    check_out(root)
    assert helpers.contents(processed_folder(root, "photos")) == history.contents[1]
    assert (root / "data" / "validated" / "photos" / "accepted.parquet").exists()


def test_changed_stages__names_what_changed(history: History) -> None:
    """A new manifest is seen, without running anything."""
    path = history.root / "data" / "raw" / "photos" / "manifest.parquet"
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    assert list(changed_stages(history.root)) == ["validate@photos"]
    path.write_bytes(content)


HOLDER = """
import sys, time
from dvc.repo import Repo
with Repo(".").lock:
    print("held", flush=True)
    time.sleep(6)
"""


def test_dvc__waits_for_its_lock(history: History) -> None:
    """DVC gives up after three seconds by itself; ours waits until the other process is done."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=history.root, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert changed_stages(history.root) == {}
        assert holder.poll() is not None or holder.wait(5) == 0


def test_dataset_version__not_prepared(project: Path) -> None:
    """A domain without processed data is named with the command that makes them."""
    with pytest.raises(VersioningError, match="'solar' has no processed data yet; run `regraft prepare solar`"):
        dataset_version(project, "solar")


def test_reproduce_stage__stages_that_dvc_cannot_read(project: Path) -> None:
    """DVC's own error comes through, in one line, where no stage ran."""
    raw_manifest_path(project, "solar").parent.mkdir(parents=True)
    raw_manifest_path(project, "solar").touch()
    (project / "dvc.yaml").write_text("stages: 1\n")
    with pytest.raises(VersioningError, match="expected a dictionary, in stages") as error:
        reproduce_stage(project, "validate", "solar")
    assert "\n" not in str(error.value)


def test_reproduce_stage__later_decoder(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC sees that the code decodes otherwise: the stage is out of date, and no other is."""
    assert changed_stages(history.root) == {}
    monkeypatch.setattr("data.stores.versions.stages.DECODER_VERSION", 2)
    enrol(history.root, "photos")
    assert list(changed_stages(history.root)) == ["preprocess@photos"]
    monkeypatch.undo()
    enrol(history.root, "photos")
    assert changed_stages(history.root) == {}


def test_enrol__keeps_what_is_there(project: Path) -> None:
    """A new domain joins once; other parameters and domains stay."""
    (project / "params.yaml").write_text("domains: [solar]\nother: 1\n")
    for name in ("solar", "photos", "photos"):
        enrol(project, name)
    assert yaml.safe_load((project / "params.yaml").read_text()) == {
        "domains": ["solar", "photos"], "other": 1, "decoder": 1
    }  # fmt: skip


@pytest.mark.parametrize("text", [None, "", "domains:\n", "# nothing yet\n"])
def test_enrol__empty_params(project: Path, text: str | None) -> None:
    """A missing or empty params.yaml is filled."""
    (project / "params.yaml").unlink()
    if text is not None:
        (project / "params.yaml").write_text(text)
    enrol(project, "photos")
    assert yaml.safe_load((project / "params.yaml").read_text()) == {"domains": ["photos"], "decoder": 1}


def others_data(store: Path) -> Path:
    """A folder that somebody else keeps in DVC, with a table that has no hashes."""
    table = store / "ab" / "cd"
    table.parent.mkdir(exist_ok=True)
    pd.DataFrame({"x": [1]}).to_parquet(table)
    (store / "ef").mkdir(exist_ok=True)
    (store / "ef" / "gh.dir").write_text('[{"md5": "abcd", "relpath": "manifest.parquet"}]')
    return table


def test_erase_versions__no_store_holds_the_sample(new_project: Callable[[], Path], helpers: Any) -> None:
    """Versions with the sample leave cache and remote, one without it stays whole, and a far remote is named."""
    root = new_project()
    names = []
    for count in (10, 14):
        ingested(root, helpers, count)
        reproduce_stage(root, "validate", "photos")
        reproduce_stage(root, "preprocess", "photos")
        names.append(dataset_version(root, "photos"))
    manifest = read_table(processed_folder(root, "photos") / "manifest.parquet")
    old = read_table(restore(root, "photos", names[0]) / "manifest.parquet")
    (late, *_) = sorted(set(manifest["hash"]) - set(old["hash"]))
    dvc(root, "remote", "add", "near", str(root / "a remote"))
    for remote in ("local", "near"):
        dvc(root, "push", "-r", remote)
    dvc(root, "remote", "add", "far", "s3://somewhere/else")
    foreign = others_data(root / ".dvc" / "cache" / "files" / "md5")
    assert erase_versions(root, {late}) == ([names[1]], ["s3://somewhere/else"])
    assert foreign.exists()
    assert not list((root / "a remote").rglob(names[1][2:]))
    shutil.rmtree(processed_folder(root, "photos"))
    with pytest.raises(VersioningError):
        restore(root, "photos", names[1])
    assert len(read_table(restore(root, "photos", names[0]) / "manifest.parquet")) == 20


CONFLICT = "stages:\n<<<<<<< HEAD\n  a: {}\n=======\n  b: {}\n>>>>>>> other\n"


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml", "params.yaml"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CONFLICT, "line 2 is a conflict marker of Git .*resolve the conflict"), ("stages: [", "not valid YAML"),
        ("- a", "restore the file from Git"), ("a: 1\na: 2\n", "line 2: the key 'a' stands on line 1 already"),
    ],
)  # fmt: skip
def test_reproduce_stage__broken_file_of_dvc(project: Path, name: str, content: str, told: str) -> None:
    """What DVC tells in a number is one line with file, place and remedy, and is not tried again."""
    raw_manifest_path(project, "photos").parent.mkdir(parents=True)
    raw_manifest_path(project, "photos").write_bytes(b"")
    (project / name).write_text(content)
    with pytest.raises(ConfigError, match=rf"{name}: .*{told}") as found:
        reproduce_stage(project, "validate", "photos")
    assert "\n" not in str(found.value)
    assert (project / name).read_text() == content


def test_dataset_version__emptied_lock(project: Path) -> None:
    """A lock file without stages knows no data."""
    for content in ("", "schema: '2.0'\n", "stages: null\n"):
        (project / "dvc.lock").write_text(content)
        with pytest.raises(VersioningError, match="no processed data yet"):
            dataset_version(project, "photos")
