"""Preprocess grows its output, keeps splits unless the source moves them, and survives what a machine does to it."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.config import load_data_config
from data.errors import SourceError, StorageError
from data.stages.ingest import ingest
from data.stages.preprocess import _known, preprocess
from data.stores.dataset import Dataset
from data.stores.manifest import processed_folder, read_table, validated_folder, write_table
from data.stores.shards import read_rows


def accept(project: Path, name: str = "photos") -> None:
    """Ingests and accepts every row, as validation would when all are good."""
    config = load_data_config(project, name)
    ingest(project, name, config)
    raw = read_table(project / "data" / "raw" / name / "manifest.parquet")
    table = raw.drop(columns=["stamp", "time", "error"]).drop_duplicates("hash").astype({"split": object})
    write_table(validated_folder(project, name) / "accepted.parquet", table)


def prepared(project: Path) -> pd.DataFrame:
    """Ingest, accept and preprocess; returns the manifest."""
    accept(project)
    preprocess(project, "photos", load_data_config(project, "photos"))
    return manifest(project)


def manifest(project: Path) -> pd.DataFrame:
    """The manifest by hash."""
    return read_table(processed_folder(project, "photos") / "manifest.parquet").set_index("hash")


def pixels(project: Path, rows: pd.DataFrame) -> dict[str, bytes]:
    """Stored pixels by hash."""
    spec = load_data_config(project, "photos").transform
    found = read_rows(processed_folder(project, "photos"), rows["position"].to_numpy(np.int64), spec)
    return {digest: image.tobytes() for digest, image in zip(rows.index, found, strict=True)}


def decoded(project: Path) -> dict[str, bytes]:
    """Pixels by hash, decoded straight from the files."""
    spec = load_data_config(project, "photos").transform
    raw = read_table(project / "data" / "raw" / "photos" / "manifest.parquet")
    files = {row["hash"]: project / "photos" / row["path"] for row in raw.to_dict("records")}
    return {digest: spec.decode(file.read_bytes()).tobytes() for digest, file in files.items()}


def test_preprocess__pixels_belong_to_their_rows(photos: Path, helpers: Any) -> None:
    """After growth, loss and return of files every row still has its own pixels, and only new ones are decoded."""
    accept(photos)
    config = load_data_config(photos, "photos")
    assert preprocess(photos, "photos", config) == 24
    assert preprocess(photos, "photos", config) == 0
    kept = (photos / "photos" / "a" / "0002.png").read_bytes()
    (photos / "photos" / "a" / "0002.png").unlink()
    helpers.folder_domain(photos, 15)
    (photos / "photos" / "a" / "0002.png").unlink()
    accept(photos)
    assert preprocess(photos, "photos", config) == 6
    assert len(manifest(photos)) == 29
    (photos / "photos" / "a" / "0002.png").write_bytes(kept)
    accept(photos)
    assert preprocess(photos, "photos", config) == 0
    rows = manifest(photos)
    assert pixels(photos, rows) == decoded(photos)
    assert sorted(rows["position"]) == list(range(30))


def test_preprocess__a_sample_never_moves(photos: Path, helpers: Any) -> None:
    """Through growth, absence and another transform a sample keeps its split, even one that was away meanwhile."""
    first = prepared(photos)["split"]
    away = photos / "photos" / "a" / "0001.png"
    content = away.read_bytes()
    helpers.folder_domain(photos, 30)
    away.unlink()
    helpers.write_domain(photos, transform={"mode": "L", "size": 24}, split={"seed": 7, "test": 0.4})
    grown = prepared(photos)["split"]
    there = first[first.index.isin(grown.index)]
    assert (len(grown), len(there)) == (59, 23)
    assert grown[there.index].equals(there)
    away.write_bytes(content)
    later = prepared(photos)
    assert later.loc[first.index, "split"].equals(first)
    assert pixels(photos, later) == decoded(photos)


def listed(project: Path, helpers: Any) -> pd.DataFrame:
    """A domain of 24 photos in a table; returns the table."""
    helpers.folder_domain(project, 12)
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    names = [f"{label}/{number:04d}.png" for label in "ab" for number in range(12)]
    return pd.DataFrame({"path": [f"photos/{name}" for name in names], "label": [name[0] for name in names]})


def test_preprocess__regrouped(project: Path, helpers: Any) -> None:
    """Groups follow the source: none straddles afterwards, and what no group crosses keeps its split."""
    table = listed(project, helpers)
    table.to_csv(project / "list.csv", index=False)
    first = prepared(project)["split"]
    group = [f"line-{number}" if number < 4 else "" for number in range(12)] * 2
    table.assign(group=group).to_csv(project / "list.csv", index=False)
    found = prepared(project)
    assert found["group"].str.startswith("line-").sum() == 8
    assert found.groupby("group")["split"].nunique().max() == 1
    alone = ~found["group"].str.startswith("line-")
    assert found.loc[alone, "split"].equals(first[found.index[alone]])


def test_preprocess__given_split_changed(project: Path, helpers: Any) -> None:
    """A split that the source gives now beats the one that a sample had."""
    table = listed(project, helpers)
    table.to_csv(project / "list.csv", index=False)
    first = prepared(project)["split"]
    moved = first.index[first == "train"][:2]
    paths = read_table(validated_folder(project, "photos") / "accepted.parquet").set_index("hash").loc[moved, "path"]
    given = np.where([str(project / path) in set(paths) for path in table["path"]], "test", "")
    table.assign(split=given).to_csv(project / "list.csv", index=False)
    assert set(prepared(project).loc[moved, "split"]) == {"test"}


def test_preprocess__new_samples_follow_their_group(project: Path, helpers: Any) -> None:
    """New samples of a known group join its split; groups never straddle."""
    helpers.folder_domain(project, 30)
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    rows = [
        (f"photos/{label}/{number:04d}.png", label, f"line-{number % 10}") for number in range(30) for label in "ab"
    ]
    for count in (24, 60):
        pd.DataFrame(rows[:count], columns=["path", "label", "group"]).to_csv(project / "list.csv", index=False)
        found = prepared(project)
        assert len(found) == count
        assert found.groupby("group")["split"].nunique().max() == 1


def test_preprocess__nothing_of_place_or_time(photos: Path, new_project: Callable[[], Path], helpers: Any) -> None:
    """The same images in another folder at another time give the same bytes."""
    other = new_project()
    helpers.folder_domain(other, 12)
    helpers.write_domain(other)
    for file in (other / "photos").rglob("*.png"):
        file.touch()
    prepared(photos)
    prepared(other)
    first, second = (helpers.contents(processed_folder(root, "photos")) for root in (photos, other))
    assert sorted(first) == ["index.parquet", "manifest.parquet", "shard-00000.npy", "transform.json"]
    assert first == second


def test_preprocess__another_transform_leaves_no_old_shard(
    photos: Path, new_project: Callable[[], Path], helpers: Any
) -> None:
    """Smaller images need fewer shards; the old ones go."""
    helpers.write_domain(photos, transform={"mode": "RGB", "size": 1000})
    prepared(photos)
    assert len(list(processed_folder(photos, "photos").glob("shard-*"))) == 3
    helpers.write_domain(photos)
    assert pixels(photos, prepared(photos)) == decoded(photos)
    assert len(list(processed_folder(photos, "photos").glob("shard-*"))) == 1


def test_preprocess__code_that_decodes_otherwise(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is decoded anew with a later decoder, once, and the spec reads as before; the first leaves no mark."""
    prepared(photos)
    config = load_data_config(photos, "photos")
    stored = processed_folder(photos, "photos") / "transform.json"
    assert stored.read_text() == config.transform.model_dump_json()
    monkeypatch.setattr("data.specs.spec.DECODER_VERSION", 2)
    assert [preprocess(photos, "photos", config) for _ in range(2)] == [24, 0]
    assert '"decoder":2' in stored.read_text()
    assert Dataset(stored.parent, config.tasks).spec == config.transform


@pytest.mark.parametrize("back", [False, True])
def test_preprocess__stopped_in_another_transform(photos: Path, helpers: Any, back: bool) -> None:
    """A run with another transform that breaks off leaves no manifest for its pixels; going on and back is right."""
    prepared(photos)
    file = photos / "photos" / "b" / "0005.png"
    content = file.read_bytes()
    file.write_bytes(b"changed")
    helpers.write_domain(photos, transform={"mode": "L", "size": 16, "crop": 0.5})
    with pytest.raises(SourceError):
        preprocess(photos, "photos", load_data_config(photos, "photos"))
    with pytest.raises(StorageError, match=r"manifest\.parquet: missing"):
        manifest(photos)
    file.write_bytes(content)
    helpers.write_domain(photos, transform={"mode": "L", "size": 16, "crop": 0.875 if back else 0.5})
    rows = prepared(photos)
    assert pixels(photos, rows) == decoded(photos)


def test_preprocess__file_changed_after_ingest(photos: Path) -> None:
    """A file that is no longer what was validated is named; nothing half-made counts."""
    accept(photos)
    (photos / "photos" / "b" / "0005.png").write_bytes(b"other bytes")
    with pytest.raises(SourceError, match=r"b/0005\.png changed after it was ingested; run the flow again"):
        preprocess(photos, "photos", load_data_config(photos, "photos"))
    assert not (processed_folder(photos, "photos") / "manifest.parquet").exists()


def test_preprocess__unknown_slice_to_stratify(photos: Path, helpers: Any) -> None:
    """`stratify` may only name what the source has."""
    helpers.write_domain(photos, split={"stratify": ["site"]})
    accept(photos)
    with pytest.raises(SourceError, match=r"names the slice 'site', which the source has not \(there: none\)"):
        preprocess(photos, "photos", load_data_config(photos, "photos"))


def test_preprocess__too_few_groups(project: Path, helpers: Any) -> None:
    """Two groups cannot fill three splits; the error says so before anything is trained."""
    helpers.folder_domain(project, 4)
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    rows = [f"photos/{label}/{number:04d}.png,{label},line-{number % 2}" for label in "ab" for number in range(4)]
    (project / "list.csv").write_text("\n".join(["path,label,group", *rows]))
    accept(project)
    with pytest.raises(SourceError, match=r"2 groups leave the split '.*' empty; add groups or raise its share"):
        preprocess(project, "photos", load_data_config(project, "photos"))


BIG = {"mode": "L", "size": 512}  # 128 rows a shard


@pytest.fixture(scope="module")
def big(new_project: Callable[[], Path], helpers: Any) -> Callable[[], Path]:
    """Makes projects of 140 samples, two shards, ready to be preprocessed."""

    def make() -> Path:
        root = new_project()
        helpers.folder_domain(root, 70)
        helpers.write_domain(root, transform=BIG)
        accept(root)
        return root

    return make


@pytest.fixture(scope="module")
def undisturbed(big: Callable[[], Path], helpers: Any) -> dict[str, bytes]:
    """What comes out when nothing happens."""
    root = big()
    preprocess(root, "photos", load_data_config(root, "photos"))
    found: dict[str, bytes] = helpers.contents(processed_folder(root, "photos"))
    assert sum(name.startswith("shard-") for name in found) == 2
    return found


def test_main__killed_and_run_again(big: Callable[[], Path], undisturbed: dict[str, bytes], helpers: Any) -> None:
    """Kill -9 after the first shard: the next run goes on behind it and ends with the same bytes."""
    root = big()
    folder = processed_folder(root, "photos")
    helpers.kill_at(root, "preprocess", root / "photos" / "b" / "0065.png")
    assert sorted(helpers.contents(folder)) == ["index.parquet", "shard-00000.npy", "transform.json"]
    (folder / ".shard-00001.npy.k1ll3d.tmp").write_bytes(b"half a shard, as a kill during the write leaves it")
    done = helpers.run_stage(root, "preprocess")
    assert "preprocess photos: 12 samples decoded" in done.stdout
    assert helpers.contents(folder) == undisturbed


def test_main__disk_full_and_run_again(big: Callable[[], Path], undisturbed: dict[str, bytes], helpers: Any) -> None:
    """A full disk is one line, exit code 1 and no half-written file; with space again the bytes are the same."""
    root = big()
    folder = processed_folder(root, "photos")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))  # noqa: E731
    done = helpers.run_stage(root, "preprocess", preexec_fn=limit)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot write {folder}/shard-00000.npy: ")
    assert done.stderr.endswith("free disk space or check its rights\n")
    assert done.stderr.count("\n") == 1
    assert sorted(helpers.contents(folder)) == ["index.parquet", "transform.json"]
    assert helpers.run_stage(root, "preprocess").returncode == 0
    assert helpers.contents(folder) == undisturbed


def test_preprocess__who_is_gone_follows_its_group(project: Path, helpers: Any) -> None:
    """A group whose split the source has changed stays there, though a sample of it was gone before."""
    table = listed(project, helpers)
    table["group"] = [f"g{number // 2}" for number in range(24)]
    table.to_csv(project / "list.csv", index=False)
    first = prepared(project).reset_index()
    gone, left = first.loc[first["group"] == first.loc[first["split"] == "train", "group"].iloc[0], "hash"]
    names = read_table(validated_folder(project, "photos") / "accepted.parquet").set_index("hash")["path"]
    table = table[str(project) + "/" + table["path"] != names[gone]]
    given = np.where(str(project) + "/" + table["path"] == names[left], "test", "")
    table.assign(split=given).to_csv(project / "list.csv", index=False)
    prepared(project)
    index = read_table(processed_folder(project, "photos") / "index.parquet").set_index("hash")["split"]
    assert (index[gone], index[left]) == ("test", "test")


def test_known__only_groups_of_one_split() -> None:
    """A group that stands in several splits has none that could be kept."""
    seen = pd.DataFrame({"group": ["g", "g", "k"], "split": ["train", "test", "val"]})
    assert _known(seen) == {"k": "val"}


def test_preprocess__keeps_what_drift_watches(photos: Path) -> None:
    """Width, height and mode of each file, as validation saw them."""
    rows = prepared(photos)
    raw = read_table(photos / "data" / "raw" / "photos" / "manifest.parquet").set_index("hash")
    assert rows[["width", "height", "mode"]].equals(raw.loc[rows.index, ["width", "height", "mode"]])
