"""`regraft new`: a domain file that fits the data, and loads."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.errors import SampleError, SourceError
from flows.project.new import _take, write_domain
from settings.errors import ConfigError, RegraftError
from tasks.check import check_domain
from tasks.domain import load_domain, load_trainable


def test_write_domain__folder(project, image_folder):
    """Classes, grey or colour and size are those of the images; the source finds each of them."""
    path, facts = write_domain("photos", image_folder(5), None)
    domain = load_domain("photos")
    assert path == project / "domains" / "photos.yaml"
    assert domain.data.tasks["label"].classes == ("dark", "light")
    assert (domain.data.transform.mode, domain.data.transform.size) == ("L", 224)
    assert "pretrained at; your images are 64" in path.read_text()
    assert (domain.gate.metric, domain.gate.floor) == ("auc", 0.5)
    assert len(list(domain.data.source.samples(project, "label"))) == facts["samples"] == 10


@pytest.mark.parametrize("said", ["", 'Sorting: "fruit" # not for ripeness'])
def test_write_domain__intended_use(project, image_folder, said):
    """What was said stands in the file; until something is, nothing is trained, and the line names file and key."""
    write_domain("photos", image_folder(3), None, intended_use=said)
    if said:
        assert load_trainable("photos").intended_use == said
        return
    with pytest.raises(ConfigError, match=r"photos\.yaml: intended_use still asks you to say what the model is for"):
        load_trainable("photos")
    assert check_domain("photos").failures[0].endswith("say it there, its card needs it")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_write_domain__table(project, image_folder, suffix):
    """A table beside the images gives the same, with its paths relative to it."""
    folder = image_folder(4, ("a", "b", "c"))
    rows = [(found.relative_to(folder).as_posix(), found.parent.name) for found in sorted(folder.rglob("*.png"))]
    frame, table = pd.DataFrame(rows, columns=["path", "label"]), folder / f"labels.{suffix}"
    frame.to_csv(table, index=False) if suffix == "csv" else frame.to_parquet(table)
    write_domain("photos", None, table)
    domain = load_domain("photos")
    assert domain.data.tasks["label"].classes == ("a", "b", "c")
    assert (domain.gate.metric, domain.gate.floor) == ("balanced_accuracy", 0.333)
    samples = list(domain.data.source.samples(project, "label"))
    assert len(samples) == 12
    assert all(Path(sample.path).is_file() for sample in samples)


def test_write_domain__colour(project, image_folder):
    """One picture in colour makes a domain in colour."""
    folder = image_folder(2)
    Image.new("RGB", (300, 400), "red").save(folder / "light" / "red.png")
    write_domain("photos", folder, None)
    assert load_domain("photos").data.transform.mode == "RGB"


@pytest.mark.parametrize(("highest", "meant"), [(4000, (0.0, 4095.0)), (60000, (0.0, 65535.0))])
def test_write_domain__deep_pictures(project, image_folder, highest, meant):
    """One range for all: a dark picture among full ones is dark, and no reason for another range."""
    folder = image_folder(2)
    for number, top in enumerate((900, highest)):
        Image.fromarray(np.array([[0, top]] * 2, np.uint16)).save(folder / "dark" / f"{number}.tif")
    write_domain("photos", folder, None)
    transform = load_domain("photos").data.transform
    assert (transform.value_range, transform.mode) == (meant, "L")


def test_write_domain__size(project, image_folder, monkeypatch):
    """The backbone's own size; where images are many, a smaller one, but never below their own; or what was asked."""
    folder = image_folder(3, side=100)
    assert write_domain("asked", folder, None, 48)[1]["size"] == 48
    for most, size, why in ((6, 224, "your images are 100"), (3, 128, "as 6 images cost time"), (1, 96, "as 6 images")):
        monkeypatch.setattr("flows.project.new.AFFORDABLE", most)
        path, facts = write_domain(f"photos{most}", folder, None)
        assert (facts["size"], load_domain(f"photos{most}").data.transform.size) == (size, size)
        assert why in path.read_text()


def test_write_domain__some_files_are_missing(project, image_folder):
    """They will go to quarantine; only where all are missing there is nothing to look at."""
    folder = image_folder(2)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    (folder / "t.csv").write_text(f"path,label\n{names[0]},dark\ngone.png,light\n")
    assert write_domain("photos", None, folder / "t.csv")[1]["samples"] == 2
    (folder / "t.csv").write_text("path,label\nlost.png,dark\ngone.png,light\n")
    with pytest.raises(SourceError, match=r"lost.png: there is no such file; restore it"):
        write_domain("other", None, folder / "t.csv")


def test_write_domain__nothing_that_can_be_read(project, image_folder):
    """The error names what the files are and what to do."""
    folder = image_folder(2)
    for path in folder.rglob("*.png"):
        path.write_bytes(b"\0\0\0\x18ftypheic" + path.name.encode())
    with pytest.raises(SampleError, match="none of 4 files .* can be read: it is a HEIC picture, .* save it as JPEG"):
        write_domain("photos", folder, None)


def test_write_domain__another_folder_or_a_table_was_meant(project, image_folder):
    """Where there are too few classes, what lies there says what to name instead."""
    (project / "above").mkdir()
    image_folder(2).rename(project / "above" / "images")
    with pytest.raises(SourceError, match=r"one class \('images'\), .* or name .*above/images if they lie in there"):
        write_domain("photos", project / "above", None)
    (project / "above" / "metadata.csv").write_text("file_name,label\n")
    with pytest.raises(SourceError, match=r"a table lies there: name it with --manifest .*above/metadata.csv"):
        write_domain("photos", project / "above", None)


def test_write_domain__names_that_yaml_would_misread(project, image_folder):
    """Folders and classes of any spelling come back as they are."""
    classes = ("1", "a: b", "no", "null", "say \"cheese\" & 'go'", "ü # {x}", "{{ 7 }}", "🍎", "a\u2028b", "\x7f")
    folder = image_folder(1, classes).rename(project / "my: {new} #photos")
    write_domain("photos", folder, None)
    domain = load_domain("photos")
    assert domain.data.tasks["label"].classes == tuple(sorted(classes))
    assert domain.data.source.path == str(folder)
    assert str(folder) in domain.description
    text = (project / "domains" / "photos.yaml").read_text()
    assert all(name in text for name in ("& 'go'", "ü # {x}", "🍎")), "people read it"


def test_write_domain__classes_that_look_alike(project, image_folder):
    """In a table as in a folder, spaces around a class are none of it, and capitals alone make no other class."""
    folder = image_folder(2)
    rows = [f"{place.relative_to(folder)},{place.parent.name}" for place in sorted(folder.rglob("*.png"))]
    (folder / "t.csv").write_text("\n".join(["path,label", *rows[:-1], rows[-1] + " "]))
    write_domain("photos", None, folder / "t.csv")
    assert load_domain("photos").data.tasks["label"].classes == ("dark", "light")
    (folder / "t.csv").write_text("\n".join(["path,label", *rows[:-1], rows[-1].replace(",light", ",Light")]))
    with pytest.raises(SourceError, match="'Light' and 'light' differ only in case or space; rename one"):
        write_domain("other", None, folder / "t.csv")


def test_write_domain__name_of_a_command(project, image_folder):
    """`regraft ledger verify` is a command, so no domain may be called so."""
    with pytest.raises(ConfigError, match="'verify' means something else on the command line"):
        write_domain("verify", image_folder(2), None)


def test_write_domain__name_taken(project, image_folder):
    """An existing file is left as it is."""
    before = (project / "domains" / "digits.yaml").read_bytes()
    with pytest.raises(ConfigError, match="digits.yaml exists already"):
        write_domain("digits", image_folder(2), None)
    assert (project / "domains" / "digits.yaml").read_bytes() == before


def test_new_domain__two_at_once(project, tmp_path):
    """Whoever comes second to a name is told, though it was free when they began; the first file stays."""
    target = project / "domains" / "fruit.yaml"
    for text in ("first", "second"):
        (tmp_path / text).write_text(text)
    _take(tmp_path / "first", target)
    with pytest.raises(ConfigError, match="fruit.yaml exists already"):
        _take(tmp_path / "second", target)
    assert target.read_text() == "first"


@pytest.mark.parametrize("name", ["", "Photos", "1st", "../photos", "a b", "a" * 60])
def test_write_domain__no_name(project, image_folder, name):
    """A name that is none for a file, an experiment and a stage is refused."""
    with pytest.raises(ConfigError, match="small letters"):
        write_domain(name, image_folder(1), None)


@pytest.mark.parametrize(
    ("prepare", "kind", "told"),
    [
        (lambda folder: None, SourceError, "is not a folder"),
        (lambda folder: folder.mkdir(), SourceError, "has no class, at least 2 are needed; put each"),
        (
            lambda folder: ((folder / "a").mkdir(parents=True), (folder / "a" / "x").touch()),
            SourceError,
            r"has one class \('a'\)",
        ),
        (
            lambda folder: (folder.mkdir(), (folder / "all.zip").touch()),
            SourceError,
            "has no class, .*; unpack .*/photos/all.zip$",
        ),
        (
            lambda folder: [((folder / n).mkdir(parents=True), (folder / n / "x").write_text("x")) for n in "ab"],
            SampleError,
            "none of 2 files looked at is an image",
        ),
    ],
)
def test_write_domain__no_data(project, prepare, kind, told):
    """No folder, no class, one class and no image are each one error, and no file is written."""
    prepare(project / "photos")
    with pytest.raises(kind, match=told):
        write_domain("photos", project / "photos", None)
    assert not (project / "domains" / "photos.yaml").exists()


def test_write_domain__table_without_rows(project, tmp_path):
    """A table needs rows, and no folders."""
    (tmp_path / "all.csv").write_text("path,label\n")
    with pytest.raises(SourceError, match="all.csv has no class, at least 2 are needed; add rows with a label$"):
        write_domain("photos", None, tmp_path / "all.csv")


def test_write_domain__no_table(project):
    """A table that is not there is named."""
    with pytest.raises(RegraftError, match="labels.csv"):
        write_domain("photos", None, project / "labels.csv")
