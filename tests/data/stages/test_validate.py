"""Bad rows go to quarantine with their reasons, bad batches stop, and the rest goes on."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.config import load_data_config
from data.errors import StorageError, ValidationError
from data.stages.ingest import ingest
from data.stages.report import ValidationReport, load_validation, report_page
from data.stages.validate import validate
from data.stores.manifest import raw_manifest_path, read_table, validated_folder, write_table


def validated(project: Path, name: str = "photos") -> ValidationReport:
    """Ingest and validate."""
    config = load_data_config(project, name)
    ingest(project, name, config)
    return validate(project, name, config)


def accepted(project: Path) -> pd.DataFrame:
    """The accepted rows by path."""
    return read_table(validated_folder(project, "photos") / "accepted.parquet").set_index("path")


def test_validate__every_bad_file_and_no_good_one(photos: Path, helpers: Any) -> None:
    """Each kind of bad image is in quarantine with its reason; odd but good images and all the others are accepted."""
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    other = Image.fromarray(noise[::-1])
    bad = {
        "a/empty.png": (b"", "the file is empty"),
        "a/text.png": (b"no image", "not an image"),
        "a/half.png": (helpers.encoded(noise)[:500], "cannot be decoded"),
        "a/huge.png": (helpers.encoded(np.zeros((60, 60), np.uint8) + 9), "60x60 is over 1000 pixels"),
        "a/moving.gif": (helpers.encoded(noise, "GIF", save_all=True, append_images=[other]), "2 frames"),
        "a/tiny.png": (helpers.square(90, side=7), "width 7 is under 8 pixels; height 7 is under 8 pixels"),
        "a/dark.png": (helpers.square(0), "mean brightness 0.0 is outside 1 to 254"),
        "c/stray.png": (helpers.square(91), "labelled 'c', which the domain does not know: add it to"),
    }  # fmt: skip
    good = {
        "a/ink.jpg": helpers.encoded(noise, "JPEG", "CMYK"),
        "a/deep.png": helpers.encoded(noise[..., 0].astype(np.uint16) * 257),
        "b/alpha.png": helpers.encoded(np.dstack([noise, noise[..., :1] // 2 + 120])),
        "b/palette.png": helpers.encoded(noise, "PNG", "P"),
    }
    (photos / "photos" / "c").mkdir()
    for name, content in {**{name: content for name, (content, _) in bad.items()}, **good}.items():
        (photos / "photos" / name).write_bytes(content)
    helpers.write_domain(photos, expectations={"max_pixels": 1000, "max_quarantined": 0.5})
    report = validated(photos)
    assert report.quarantine.keys() == bad.keys()
    assert {
        name: report.quarantine[name] for name, (_, reason) in bad.items() if reason not in report.quarantine[name]
    } == {}
    assert set(accepted(photos).index) >= good.keys()
    assert (report.total, report.accepted) == (36, 28)
    filed = read_table(validated_folder(photos, "photos") / "quarantine.parquet").set_index("path")
    assert filed["reason"].to_dict() == report.quarantine


def test_validate__conflicting_labels(photos: Path, helpers: Any) -> None:
    """The same content under two labels condemns both rows; under one label the copy is dropped, not condemned."""
    for name in ("a/x.png", "b/x.png"):
        (photos / "photos" / name).write_bytes(helpers.square(90))
    (photos / "photos" / "a" / "copy.png").write_bytes((photos / "photos" / "a" / "0000.png").read_bytes())
    report = validated(photos)
    assert report.quarantine == dict.fromkeys(("a/x.png", "b/x.png"), "the same content is labelled a and b")
    assert (report.total, report.accepted, report.duplicates) == (27, 24, 1)


def test_validate__one_page_of_an_error_under_many_names(photos: Path) -> None:
    """What cannot be decoded contradicts no label, so that its reason is the one that helps."""
    for name in ("a/x.png", "b/x.png"):
        (photos / "photos" / name).write_bytes(b"<html>not found</html>")
    assert {reason.split(",")[0] for reason in validated(photos).quarantine.values()} == {"it is a web page"}


def test_validate__class_names_are_only_names(project: Path, helpers: Any) -> None:
    """A class called `black and white` conflicts with nothing."""
    helpers.folder_domain(project, 4, classes=["black and white", "b"])
    helpers.write_domain(project, classes=["black and white", "b"])
    assert validated(project).quarantine == {}


def test_validate__labels_and_groups_of_a_table(project: Path, helpers: Any) -> None:
    """A missing label, an unknown split and a group across splits are found; a slice without value says so."""
    helpers.folder_domain(project, 9)
    rows = [f"photos/{kind}/{number:04d}.png,{kind},,," for kind in "ab" for number in range(5)]
    odd = [
        "a/0005.png,,,,",
        "a/0006.png,a,,holdout,",
        "b/0005.png,b,m,train,",
        "b/0006.png,b,m,test,",
        "b/0007.png,b,n,test,x",
    ]
    (project / "list.csv").write_text(
        "\n".join(["path,label,group,split,site", *rows, *(f"photos/{row}" for row in odd)])
    )
    helpers.write_domain(project, source={"kind": "table", "path": "list.csv"}, expectations={"max_quarantined": 0.3})
    report = validated(project)
    assert {path.removeprefix(f"{project}/photos/"): reason for path, reason in report.quarantine.items()} == {
        "a/0005.png": "the label is missing",
        "a/0006.png": "unknown split 'holdout'; give train, val, test or nothing",
        "b/0005.png": "group m lies in more than one given split",
        "b/0006.png": "group m lies in more than one given split",
    }
    assert accepted(project)["slice.site"].value_counts().to_dict() == {"unknown": 10, "x": 1}


def test_validate__too_few_of_a_class(photos: Path) -> None:
    """A class with one sample stops the batch by name; the page says so, and nothing else is written."""
    for number in range(1, 12):
        (photos / "photos" / "b" / f"{number:04d}.png").unlink()
    with pytest.raises(
        ValidationError,
        match=r"refused: class 'b' has 1 of the accepted samples, 3 are needed \(min_per_class\); .*drop the class",
    ):
        validated(photos)
    assert not validated_folder(photos, "photos").exists()
    assert "Refused: class &#39;b&#39; has 1 of the accepted samples" in report_page(photos, "photos").read_text()


def test_validate__too_many_bad_rows(photos: Path) -> None:
    """A batch of rubbish is not quietly put away."""
    for number in range(5):
        (photos / "photos" / "a" / f"{number:04d}.png").write_bytes(b"rubbish")
    with pytest.raises(ValidationError, match=r"20\.8% of the rows are bad") as error:
        validated(photos)
    assert "\n" not in str(error.value)


def test_validate__equal_data_equal_bytes(photos: Path, helpers: Any) -> None:
    """What DVC hashes tells neither time nor stamp: ingested at another time, files give the same bytes."""
    validated(photos)
    before = helpers.contents(validated_folder(photos, "photos"))
    path = raw_manifest_path(photos, "photos")
    write_table(path, read_table(path).assign(time="2020-01-01T00:00:00+00:00", stamp="1-2"))
    validate(photos, "photos", load_data_config(photos, "photos"))
    assert helpers.contents(validated_folder(photos, "photos")) == before


def test_load_validation__reads_back(photos: Path) -> None:
    """What was written comes back, reasons included."""
    (photos / "photos" / "a" / "bad.png").write_bytes(b"")
    report = validated(photos)
    loaded = load_validation(photos, "photos")
    assert (loaded.total, loaded.quarantine, loaded.classes) == (25, report.quarantine, {"a": 12, "b": 12})
    assert [verdict.rule for verdict in loaded.verdicts] == [verdict.rule for verdict in report.verdicts]


def test_validate__before_ingest(photos: Path) -> None:
    """Without a manifest one line tells what is missing."""
    with pytest.raises(StorageError, match=r"manifest\.parquet: missing or damaged"):
        validate(photos, "photos", load_data_config(photos, "photos"))


def test_validate__script_as_file_name(photos: Path) -> None:
    """A file called like a script reaches the page as text."""
    (photos / "photos" / "a" / "<script>.png").write_bytes(b"no image")
    assert "a/<script>.png" in validated(photos).quarantine
    page = report_page(photos, "photos").read_text()
    assert "a/&lt;script&gt;.png" in page
    assert "<script" not in page


def test_main__says_little(photos: Path, helpers: Any) -> None:
    """By hand, a person reads the outcome and not the talk of a library."""
    ingest(photos, "photos", load_data_config(photos, "photos"))
    done = helpers.run_stage(photos, "validate")
    assert done.stdout == "validate photos: 24 accepted, 0 quarantined\n"
    assert (done.returncode, done.stderr) == (0, "")
