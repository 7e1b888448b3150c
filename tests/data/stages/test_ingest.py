"""Ingest reads what is new and nothing else, and survives whatever lies in the source."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.config import load_data_config
from data.errors import SourceError
from data.stages.feedback import add_feedback
from data.stages.ingest import IngestReport, ingest
from data.stores.manifest import raw_manifest_path, read_table


def again(project: Path, name: str = "photos") -> IngestReport:
    """One more ingest."""
    return ingest(project, name, load_data_config(project, name))


def manifest(project: Path, name: str = "photos") -> pd.DataFrame:
    """The raw manifest by path."""
    return read_table(raw_manifest_path(project, name)).set_index("path")


def test_ingest__reads_only_what_is_new(photos: Path, helpers: Any) -> None:
    """All at first, nothing at the second time, then one new and one changed file; a gone file is counted."""
    assert again(photos) == IngestReport(samples=24, read=24, gone=0, notices=())
    before = raw_manifest_path(photos, "photos").read_bytes()
    assert again(photos) == IngestReport(samples=24, read=0, gone=0, notices=())
    assert raw_manifest_path(photos, "photos").read_bytes() == before
    (photos / "photos" / "a" / "new.png").write_bytes(helpers.square(1))
    (photos / "photos" / "b" / "0003.png").write_bytes(helpers.square(2))
    (photos / "photos" / "b" / "0004.png").unlink()
    assert again(photos) == IngestReport(samples=24, read=2, gone=1, notices=())
    assert manifest(photos).loc["b/0003.png", "width"] == 9


def test_ingest__other_facts_of_the_same_bytes(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a release tells other facts of a file, all are read once more, and stay the samples that they were."""
    again(photos)
    before = manifest(photos)["hash"]
    monkeypatch.setattr("data.stages.ingest.FACTS_VERSION", 99)
    assert again(photos) == IngestReport(samples=24, read=24, gone=0, notices=())
    assert manifest(photos)["hash"].equals(before)


def test_ingest__rows_tell_what_was_found(photos: Path, helpers: Any) -> None:
    """Hash, facts, label and time of a file; a sample without a group is its own group; a bad file has its reason."""
    content = (photos / "photos" / "a" / "0000.png").read_bytes()
    (photos / "photos" / "a" / "bad.png").write_bytes(content[:60])
    again(photos)
    rows = manifest(photos)
    row = rows.loc["a/0000.png"]
    assert (row["label.kind"], row["width"], row["height"], row["mode"], row["frames"]) == ("a", 12, 12, "L", 1)
    assert row["hash"] == row["group"] == hashlib.sha256(content).hexdigest()
    assert row["error"] is None
    assert "cannot be decoded" in rows.loc["a/bad.png", "error"]
    assert len(set(rows["time"])) == 1


def test_ingest__leaves_the_source_alone(photos: Path, helpers: Any) -> None:
    """Raw data are never touched."""
    before = helpers.contents(photos / "photos")
    again(photos)
    assert helpers.contents(photos / "photos") == before


def test_ingest__the_limit_is_raised(photos: Path, helpers: Any) -> None:
    """A file refused for its size is read again once the domain allows it, as its error advises."""
    helpers.write_domain(photos, expectations={"max_pixels": 100})
    again(photos)
    assert manifest(photos)["error"].str.contains("raise expectations.max_pixels").all()
    helpers.write_domain(photos, expectations={"max_pixels": 200})
    assert again(photos).read == 24
    assert manifest(photos)["error"].isna().all()


def test_ingest__a_listed_file_is_missing(project: Path, helpers: Any) -> None:
    """A row without its file is one bad row; once the file is there it is read."""
    (project / "list.csv").write_text("path,label\na.png,a\nb.png,b\n")
    (project / "a.png").write_bytes(helpers.square(9))
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    assert again(project).read == 2
    assert "there is no such file" in manifest(project).loc[f"{project}/b.png", "error"]
    (project / "b.png").write_bytes(helpers.square(8))
    assert again(project).read == 1
    assert manifest(project)["error"].isna().all()


def test_ingest__feedback_comes_besides(photos: Path) -> None:
    """Feedback rows follow the source's, with the groups and slices that they bring."""
    again(photos)
    (photos / "new.csv").write_text("path,label,group,site\nphotos/a/0001.png,b,line-1,north\n")
    add_feedback(photos, "photos", photos / "new.csv", load_data_config(photos, "photos"))
    assert again(photos) == IngestReport(samples=25, read=1, gone=0, notices=())
    row = manifest(photos).loc[f"{photos}/photos/a/0001.png"]
    assert (row["source"], row["label.kind"], row["group"], row["slice.site"]) == ("feedback", "b", "line-1", "north")


@pytest.mark.parametrize("source", [{"kind": "folder", "path": "photos"}, {"kind": "table", "path": "list.csv"}])
def test_ingest__empty_source(project: Path, helpers: Any, source: dict[str, str]) -> None:
    """A source without samples is one clear error and writes nothing."""
    (project / "photos" / "a").mkdir(parents=True)
    (project / "list.csv").write_text("path,label\n")
    helpers.write_domain(project, source=source)
    with pytest.raises(
        SourceError, match=r"source of 'photos' has no samples; put files there or correct data\.source"
    ):
        again(project)
    assert not raw_manifest_path(project, "photos").exists()


def test_ingest__tells_its_progress(photos: Path) -> None:
    """Progress ends at the number of samples."""
    told: list[tuple[int, int]] = []
    ingest(photos, "photos", load_data_config(photos, "photos"), lambda done, total: told.append((done, total)))
    assert told[-1] == (24, 24)


def test_ingest__group_weight_and_split_of_the_source(project: Path, helpers: Any) -> None:
    """What a table says of a sample reaches the manifest."""
    (project / "list.csv").write_text("path,label,group,weight,split,site\na.png,a,line-1,0.5,test,north\n")
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"})
    again(project)
    row = manifest(project).iloc[0]
    assert row[["group", "weight", "split", "slice.site"]].tolist() == ["line-1", 0.5, "test", "north"]


def test_main__killed_and_run_again(project: Path, new_project: Callable[[], Path], helpers: Any) -> None:
    """Kill -9 in the middle leaves the manifest as it was; the next run gives what an undisturbed one gives.

    The last file is a named pipe at first: ingest waits there, and the test knows where it is.
    """
    roots = [project, new_project()]
    for root in roots:
        helpers.folder_domain(root, 6)
        helpers.write_domain(root, source={"kind": "table", "path": "list.csv"})
        (root / "list.csv").write_text("path,label\nphotos/a/0000.png,a\n")
        ingest(root, "photos", load_data_config(root, "photos"))
        rows = [f"photos/{label}/{number:04d}.png,{label}" for label in "ab" for number in range(6)]
        (root / "list.csv").write_text("\n".join(["path,label", *rows]))
    before = raw_manifest_path(project, "photos").read_bytes()
    helpers.kill_at(project, "ingest", project / "photos" / "b" / "0005.png")
    assert helpers.contents(project / "data" / "raw") == {"photos/manifest.parquet": before}
    for root in roots:
        ingest(root, "photos", load_data_config(root, "photos"))
    disturbed, undisturbed = (read_table(raw_manifest_path(root, "photos")) for root in roots)
    told = ["hash", "label.kind", "group", "error", "width", "brightness"]
    assert len(disturbed) == 12
    assert disturbed[told].equals(undisturbed[told])


def test_main__faults_are_one_line(project: Path, helpers: Any) -> None:
    """By hand, a wrong name is one line on standard error and the exit code of input at fault."""
    done = helpers.run_stage(project, "ingest", "solr")
    assert done.returncode == 65
    assert done.stderr.startswith("error: domain 'solr' does not exist")
    assert done.stderr.count("\n") == 1


def test_ingest__withheld(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Contents that are kept out are out of the manifest as long as they are; that is told."""
    config = load_data_config(photos, "photos")
    paths = sorted((photos / "photos" / "a").glob("*.png"))[:2]
    out = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    found = ingest(photos, "photos", config, withheld=out)
    gone = 24 - found.samples
    assert gone >= 2
    assert out.isdisjoint(manifest(photos)["hash"])
    told = (
        f"{gone} samples of the traffic that led to a rollback stay out; `regraft alerts photos --release` lets them in"
    )
    assert found.notices == (told,)
    assert told in caplog.text
    assert again(photos).samples == 24
