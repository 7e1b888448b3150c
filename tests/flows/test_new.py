"""`regraft new`: a domain file that fits the data, and loads."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from data.errors import SampleError, SourceError
from flows.new import write_domain
from settings.errors import ConfigError, RegraftError
from tasks.domain import load_domain


def test_write_domain__folder(project, image_folder):
    """Classes, grey or colour and size are those of the images; the source finds each of them."""
    path, facts = write_domain("photos", image_folder(5), None)
    domain = load_domain("photos")
    assert path == project / "domains" / "photos.yaml"
    assert domain.data.tasks["label"].classes == ("dark", "light")
    assert (domain.data.transform.mode, domain.data.transform.size) == ("L", 64)
    assert (domain.gate.metric, domain.gate.floor) == ("auc", 0.5)
    assert len(list(domain.data.source.samples(project, "label"))) == facts["samples"] == 10


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


def test_write_domain__names_that_yaml_would_misread(project, image_folder):
    """Folders and classes of any spelling come back as they are."""
    classes = ("1", "a: b", "no", "null", "say \"cheese\" & 'go'", "ü # {x}", "{{ 7 }}")
    folder = image_folder(1, classes).rename(project / "my: {new} #photos")
    write_domain("photos", folder, None)
    domain = load_domain("photos")
    assert domain.data.tasks["label"].classes == tuple(sorted(classes))
    assert domain.data.source.path == str(folder)
    assert str(folder) in domain.description


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


@pytest.mark.parametrize("name", ["", "Photos", "1st", "../photos", "a b", "a" * 60])
def test_write_domain__no_name(project, image_folder, name):
    """A name that is none for a file, an experiment and a stage is refused."""
    with pytest.raises(ConfigError, match="small letters"):
        write_domain(name, image_folder(1), None)


@pytest.mark.parametrize(
    ("prepare", "kind", "told"),
    [
        (lambda folder: None, SourceError, "is not a folder"),
        (lambda folder: folder.mkdir(), SourceError, "has 0 classes"),
        (
            lambda folder: ((folder / "a").mkdir(parents=True), (folder / "a" / "x").touch()),
            SourceError,
            "has 1 classes",
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


def test_write_domain__no_table(project):
    """A table that is not there is named."""
    with pytest.raises(RegraftError, match="labels.csv"):
        write_domain("photos", None, project / "labels.csv")
