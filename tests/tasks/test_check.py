"""Ordinary inputs, as people bring them, are read as they are meant, or refused with the remedy."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from data.errors import SourceError
from flows.project.new import write_domain
from tasks.check import Checked, check_domain

LEVELS = {"bright": 190, "dark": 60, "striped": 120}
RANDOM = np.random.default_rng(0)


def picture(label: str, shape: tuple[int, int] = (20, 20)) -> Image.Image:
    """A grey picture that its class can be told from."""
    pixels = RANDOM.normal(LEVELS[label], 25, shape).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def classes(root: Path, names: tuple[str, ...] = tuple(LEVELS), count: int = 4) -> Path:
    """A folder of each class."""
    for name, label in zip(names, LEVELS, strict=False):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(label).save(root / name / f"{number:03}.png")
    return root


def checked(source: Path, **transform: object) -> Checked:
    """What `regraft new` and `regraft check` make of a folder or table, with a transform that a person corrected."""
    table = source.suffix in {".csv", ".jsonl"}
    write_domain("case", None if table else source, source if table else None, intended_use="Tests.")
    return checked_again(**transform)


def checked_again(**transform: object) -> Checked:
    """The same after somebody has changed the transform."""
    path = Path("domains/case.yaml")
    domain = yaml.safe_load(path.read_text())
    domain["data"]["transform"].update(transform)
    path.write_text(yaml.safe_dump(domain))
    return check_domain("case")


def test_check_domain__given_splits(project: Path) -> None:
    """train, val and test folders are splits, and not classes."""
    for split, count in (("train", 4), ("val", 3), ("test", 3)):
        classes(project / "in" / split, count=count)
    found = checked(project / "in")
    assert (list(found.classes), found.accepted) == (["bright", "dark", "striped"], 30)
    assert found.splits == found.given == {"train": 12, "val": 9, "test": 9}


@pytest.mark.parametrize("other", ["test", "val"])
def test_check_domain__one_of_the_splits_is_missing(project: Path, other: str) -> None:
    """Folders train and test, or train and val, are what many data sets have: the third comes out of train."""
    for split, count in (("train", 10), (other, 4)):
        classes(project / "in" / split, count=count)
    found = checked(project / "in")
    assert found.given == {"train": 30, other: 12}
    assert found.splits[other] == 12
    assert (min(found.splits.values()) >= 3, sum(found.splits.values()), found.failures) == (True, 42, ())


def test_check_domain__copies(project: Path) -> None:
    """Files of one content are one sample, which is told, as the splits are that a retrain would make."""
    root = classes(project / "in")
    for path in list(root.rglob("*.png")):
        (root / path.parent.name / f"copy-{path.name}").write_bytes(path.read_bytes())
    found = checked(root)
    assert (found.samples, found.accepted, found.copies, found.quarantine) == (24, 12, 12, ())
    assert (sum(found.splits.values()), found.given) == (12, {})


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("{path},{label},one,", "1 groups leave the split"),
        ("{path},{label},,{split}", "class 'striped' has no training sample"),
    ],
)
def test_check_domain__splits_that_cannot_be(project: Path, rows: str, told: str) -> None:
    """What only preprocessing would refuse is told before it, and nothing is written for it."""
    root = classes(project / "in")
    paths = sorted(root.rglob("*.png"))
    splits = [
        "test" if path.parent.name == "striped" else ("train", "val", "test", "train")[number % 4]
        for number, path in enumerate(paths)
    ]
    lines = [
        rows.format(path=f"{path.parent.name}/{path.name}", label=path.parent.name, split=split)
        for path, split in zip(paths, splits, strict=True)
    ]
    (root / "t.csv").write_text("\n".join(["path,label,group,split", *lines]))
    found = checked(root / "t.csv")
    assert told in found.failures[0]
    assert not (project / "data" / "processed").exists()


def test_check_domain__many_missing_files(project: Path) -> None:
    """One cause, however many files it names."""
    root = classes(project / "in")
    paths = sorted(root.rglob("*.png"))
    lines = [f"{path.parent.name}/{path.name},{path.parent.name}" for path in paths]
    (root / "t.csv").write_text("\n".join(["path,label", *lines]))
    for path in paths[::2]:
        path.unlink()
    (cause,) = checked(root / "t.csv").quarantine
    assert cause.startswith(f"6 samples: {paths[0]}: there is no such file; restore it")


def test_check_domain__litter_and_side_files(project: Path) -> None:
    """Neither is a bad row; each is counted in one line."""
    root = classes(project / "in")
    for path in list(root.rglob("*.png")):
        path.with_suffix(".xml").write_text("<annotation/>")
    (root / "__MACOSX").mkdir()
    for name in ("__MACOSX/._0.png", "__MACOSX/0.png", "bright/Thumbs.db"):
        (root / name).write_bytes(b"no picture")
    found = checked(root)
    assert (found.samples, found.accepted, found.quarantine, found.failures) == (12, 12, (), ())
    assert found.left_out == (
        "12 .xml files are no pictures and are left out",
        "2 hidden or system files are ignored",
    )


def test_check_domain__phones(project: Path) -> None:
    """The first picture of a stereo file counts."""
    root = classes(project / "in")
    for name in LEVELS:
        more = {"save_all": True, "append_images": [picture(name).convert("RGB")]}
        picture(name).convert("RGB").save(root / name / "p.jpg", "MPO", **more)
    assert checked(root).accepted == 15


def test_check_domain__spellings_of_one_class(project: Path) -> None:
    """Composed and decomposed letters are one class; capitals make two, which is refused with both names."""
    root = classes(project / "in", names=("café", "dark", "striped"))
    other = unicodedata.normalize("NFD", "café")
    (root / other).mkdir()
    picture("bright").save(root / other / "n.png")
    assert checked(root).classes == {"café": 5, "dark": 4, "striped": 4}
    (root / "Dark").mkdir()
    picture("dark").save(root / "Dark" / "x.png")
    (project / "domains" / "case.yaml").unlink()
    with pytest.raises(SourceError, match="classes 'Dark' and 'dark' differ only in case or space; rename one"):
        checked(root)


def test_check_domain__deep_pictures(project: Path) -> None:
    """12 bits in 16 train by the range that `new` declares; without it they are refused with that remedy."""
    root = classes(project / "in", count=0)
    for name in LEVELS:
        for number in range(4):
            Image.fromarray(np.asarray(picture(name)).astype(np.uint16) * 16).save(root / name / f"{number}.tif")
    assert checked(root).accepted == 12
    found = checked_again(value_range=None)
    assert found.accepted == 0
    assert found.quarantine[0].startswith("12 samples: its values use so little of 0 to 65535")
    assert "data.transform.value_range: [0, 4095]" in found.quarantine[0]


def test_check_domain__ink_on_transparency(project: Path) -> None:
    """The background that `new` declares shows the ink; on black the notice names the remedy."""
    for place, name in enumerate(LEVELS):
        (project / "in" / name).mkdir(parents=True)
        for number in range(4):
            alpha = np.zeros((20, 20), np.uint8)
            alpha[2 : 8 + 4 * place, 2 + number : 16] = 255
            ink = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
            ink.putalpha(Image.fromarray(alpha))
            ink.save(project / "in" / name / f"{number}.png")
    assert checked(project / "in").accepted == 12
    found = checked_again(background="black")
    assert found.failures
    assert "under which lies black; data.transform.background changes that" in found.notices[0]


def test_check_domain__wide_pictures(project: Path) -> None:
    """What is much longer than wide is kept whole by default, and a crop is told of."""
    for name in LEVELS:
        (project / "in" / name).mkdir(parents=True)
        for number in range(4):
            picture(name, (20, 80)).save(project / "in" / name / f"{number}.png")
    assert checked(project / "in").notices == ()
    assert "fit: letterbox keeps their ends" in checked_again(fit="crop").notices[0]


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("t.csv", "path;label", "{path};{label}"),
        ("t [v2].csv", ",path,label", "{number},{path},{label}"),
        ("metadata.jsonl", None, '{{"file_name": "{path}", "label": "{label}"}}'),
    ],
)
def test_check_domain__tables(project: Path, name: str, head: str | None, row: str) -> None:
    """Tables of other habits have the same samples and no slice that nobody meant."""
    root = classes(project / "in")
    paths = sorted(root.rglob("*.png"))
    names = {"bright": "yes", "dark": "no", "striped": "1"}
    lines = [row.format(path=f"{path.parent.name}/{path.name}", label=names[path.parent.name], number=number)
             for number, path in enumerate(paths)]  # fmt: skip
    (root / name).write_text("\n".join([head, *lines] if head else lines))
    found = checked(root / name)
    assert found.classes == {"1": 4, "no": 4, "yes": 4}
    assert found.quarantine == ()


def test_check_domain__new_class(project: Path, image_folder: Callable[..., Path]) -> None:
    """Samples of a class that the domain does not know are summed up with what to do."""
    folder = image_folder(20)
    write_domain("case", folder, None, intended_use="Tests.")
    classes(folder, names=("nine",), count=3)
    found = check_domain("case")
    assert found.quarantine[0].startswith(
        "3 samples: labelled 'nine', which the domain does not know: add it to tasks.label.classes"
    )


def test_check_domain__what_later_steps_would_refuse(project: Path) -> None:
    """A backbone that nobody knows and a slice that the source has not are told before anything is trained."""
    assert checked(classes(project / "in")).failures == ()
    path = Path("domains/case.yaml")
    domain = yaml.safe_load(path.read_text())
    domain["training"]["backbone"] = "resnet999"
    domain["evaluation"] = {"slices": ["camera"]}
    path.write_text(yaml.safe_dump(domain))
    backbone, slices = check_domain("case").failures
    assert backbone.startswith("backbone 'resnet999' is not in the hub")
    assert slices.startswith("evaluation.slices or evaluation.protected names camera")


def test_check_domain__class_that_nobody_judges(project: Path) -> None:
    """A class that validation or test lacks is told of in one line; those that both have are not."""
    for split, count in (("train", 4), ("val", 3), ("test", 3)):
        classes(project / "in" / split, count=count)
    assert checked(project / "in").notices == ()
    for path in (project / "in" / "test" / "striped").iterdir():
        path.unlink()
    (told,) = checked_again().notices
    assert told.startswith("no sample of striped is in test, so that how good a version is at them stays unknown")
