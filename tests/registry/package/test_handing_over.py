"""Handing over: the folder works where there is neither Regraft nor torch, and says what the package says."""

import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.stores.manifest import read_table
from registry.errors import PackageError
from registry.package.golden import NAME, GoldenSamples, golden_file, read_golden
from registry.package.handing_over import hand_over
from registry.package.package import load_package

# Runs a program as on a machine that has nothing but the three libraries: imports of others fail.
ALONE = """
import os, runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused}:
            raise ImportError(f"{{name}} is not here")
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
REFUSED = {
    "settings", "data", "lightning_modules", "evaluation", "registry", "monitoring", "serving", "tasks", "flows",
    "torch", "mlflow", "pandas", "pydantic", "scipy",
}  # fmt: skip


def test_hand_over__answers_as_the_package(workshop, project):
    """Class names and probabilities of files are the package's own, without an import of Regraft or torch."""
    package, folder = load_package(workshop.package), hand_over(load_package(workshop.package), project / "a b" / "out")
    dataset, files = workshop.dataset, []
    samples = dataset.samples(read_table(dataset.folder / "manifest.parquet").head(6))
    for number, sample in enumerate(samples):
        files.append(project / f"{number},ü.png")
        files[-1].write_bytes(dataset.spec.encode(sample))
    command = [sys.executable, "-I", "-c", ALONE.format(refused=REFUSED), folder / "predict.py", *files]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8", cwd=folder)
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    wanted = package.decisive(samples)
    assert [row["path"] for row in rows] == [str(file) for file in files]
    assert [row["class"] for row in rows] == [package.classes[place] for place in wanted.argmax(1)]
    found = [[float(row[name]) for name in package.classes] for row in rows]
    assert np.abs(np.array(found) - wanted).max() < 1e-3
    assert folder.stat().st_mode & 0o777 == 0o755
    needed = (folder / "requirements.txt").read_text().splitlines()
    assert [line.partition("==")[0] for line in needed] == ["numpy", "onnxruntime", "pillow"]
    alone = [*command[:4], folder / "model.py"]
    checked = subprocess.run(alone, capture_output=True, text=True, check=True, cwd=folder)
    assert checked.stdout.startswith("4 golden samples: answers differ by ")
    (project / "more" / "deep").mkdir(parents=True)
    (project / "more" / "deep" / "good.png").write_bytes(files[0].read_bytes())
    (project / "more" / "bad.png").write_bytes(b"no image")
    more = [*command, project / "more"]
    ran = subprocess.run(more, check=False, capture_output=True, text=True, encoding="utf-8", cwd=folder)
    assert (ran.returncode, len(ran.stdout.splitlines())) == (1, 8)
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.count("bad.png") == 1
    ran = subprocess.run(
        [*command, "gone.png"], check=False, capture_output=True, text=True, encoding="utf-8", cwd=folder
    )
    assert ran.stderr == "gone.png: No such file or directory\n"
    piped = ["bash", "-c", '"$@" | head -1', "-", *command, *files * 200]
    ran = subprocess.run(piped, check=False, capture_output=True, text=True, cwd=folder)
    assert (ran.stdout[:11], ran.stderr) == ("path,class,", "")


def test_hand_over__a_program_of_ten_lines(workshop, project):
    """What a person reads and pastes is about ten lines."""
    program = hand_over(load_package(workshop.package), project / "out") / "predict.py"
    assert len([line for line in program.read_text(encoding="utf-8").splitlines() if line.strip()]) <= 10


def test_hand_over__answers_that_differ(workshop, project):
    """A machine that answers otherwise than the network did is told so, by the exit code, too."""
    folder = hand_over(load_package(workshop.package), project / "out")
    golden = read_golden((folder / "package" / NAME).read_bytes())
    said = {name: answers[:, ::-1] for name, answers in golden.said.items()}
    (folder / "package" / NAME).write_bytes(golden_file(replace(golden, said=said)))
    checked = subprocess.run([sys.executable, folder / "model.py"], capture_output=True, check=False)
    assert checked.returncode == 1


def test_hand_over__whole_or_not_at_all(own_workshop, project):
    """A package that was altered after it was opened leaves nothing behind, and an empty folder stays empty."""
    package, target = load_package(own_workshop.package), project / "out"
    target.mkdir()
    before = set(project.iterdir())
    (own_workshop.package / "model.onnx").write_bytes(b"another")
    with pytest.raises(PackageError, match=r"model\.onnx is not the file that was packed"):
        hand_over(package, target)
    assert list(target.iterdir()) == []
    assert set(project.iterdir()) == before


def test_hand_over__reads_otherwise_here(workshop, project, monkeypatch):
    """Where this machine reads the golden samples otherwise than training did, nothing is handed over."""
    package = load_package(workshop.package)
    turned = [255 - one for one in read_golden(package.content(NAME)).decoded(package.transform)]
    monkeypatch.setattr(GoldenSamples, "decoded", lambda golden, transform: np.stack(turned))
    with pytest.raises(PackageError, match="get other answers than in training"):
        hand_over(package, project / "out")
    assert not (project / "out").exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_hand_over__something_is_there(workshop, project, kind):
    """A folder that holds something, and a file, are refused and stay as they are."""
    target = project / "out"
    mine = target if kind == "file" else target / "mine"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(PackageError, match="is no empty folder; name a new or an empty one"):
        hand_over(load_package(workshop.package), target)
    assert mine.read_text() == "mine"


def test_hand_over__kind_without_a_program(workshop, project, monkeypatch):
    """Samples that no program reads are named, with what else can be done."""
    package = load_package(workshop.package)
    monkeypatch.setattr(type(package.transform), "sample", "sound")
    with pytest.raises(PackageError, match="no program reads samples of kind 'sound' without Regraft"):
        hand_over(replace(package), project / "out")
    assert not Path(project, "out").exists()
