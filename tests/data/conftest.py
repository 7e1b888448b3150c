"""Projects with real images for the data room, and its stages run as processes of their own."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from PIL import Image

from data.config import DataConfig, load_data_config
from data.stages.ingest import ingest
from data.stages.preprocess import preprocess
from data.stages.validate import validate

REPOSITORY = Path(__file__).parents[2]


def encoded(pixels: npt.NDArray[Any], form: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """An array as an image file."""
    buffer, image = io.BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, form, **options)
    return buffer.getvalue()


def square(value: int, side: int = 9) -> bytes:
    """A PNG of one grey value."""
    return encoded(np.full((side, side), value, np.uint8))


def folder_domain(
    root: Path, count: int, *, classes: Sequence[str] = "ab", side: int = 12, name: str = "photos"
) -> Path:
    """`photos/CLASS/n.png` with noise that the name decides, so that two projects hold the same bytes."""
    for place, label in enumerate(classes):
        folder = root / name / label
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noise = np.random.default_rng([place, number]).integers(40, 200, (side, side), dtype=np.uint8)
            (folder / f"{number:04d}.png").write_bytes(encoded(noise))
    return root / name


def write_domain(root: Path, name: str = "photos", classes: Sequence[str] = "ab", **sections: Any) -> DataConfig:
    """`domains/NAME.yaml` with a folder source unless another section is given; returns its data section."""
    data = {
        "source": {"kind": "folder", "path": name},
        "tasks": {"kind": {"classes": list(classes)}},
        "transform": {"mode": "L", "size": 16},
        **sections,
    }
    (root / "domains" / f"{name}.yaml").write_text(yaml.safe_dump({"data": data}))
    return load_data_config(root, name)


def run_stage(root: Path, stage: str, name: str = "photos", **options: Any) -> "subprocess.CompletedProcess[str]":
    """`python -m data.STAGE NAME` to its end."""
    return subprocess.run(
        [sys.executable, "-m", f"data.stages.{stage}", name],
        cwd=root, env=environment(root), capture_output=True, text=True, check=False, timeout=300, **options,
    )  # fmt: skip


def kill_at(root: Path, stage: str, file: Path, name: str = "photos") -> None:
    """Runs a stage and kills it with SIGKILL once it reads `file`, which is a named pipe for that time."""
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)
    command = [sys.executable, "-m", f"data.stages.{stage}", name]
    with subprocess.Popen(command, cwd=root, env=environment(root), stderr=subprocess.PIPE) as process:
        writer = None
        while process.poll() is None and (writer := _writer(file)) is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.send_signal(signal.SIGKILL)
    if writer is not None:
        os.close(writer)
    file.unlink()
    file.write_bytes(content)
    assert process.returncode == -signal.SIGKILL


def _writer(pipe: Path) -> int | None:
    """The writing end of a pipe that a process has opened to read; nothing before it has."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def environment(root: Path) -> dict[str, str]:
    """Variables of a process that works on the project in `root`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "REGRAFT_ROOT": str(root), "PYTHONPATH": str(REPOSITORY), "PATH": path}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def prepare(root: Path, name: str = "photos") -> int:
    """Ingest, validate and preprocess in this process, without DVC; returns how many samples were decoded."""
    config = load_data_config(root, name)
    ingest(root, name, config)
    validate(root, name, config)
    return preprocess(root, name, config)


@pytest.fixture(scope="session")
def helpers() -> Any:
    """The functions of this file: tests are no package, so they come as a fixture."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def new_project(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes further projects, to compare with or to share."""
    shared = pytestconfig.pluginmanager.get_plugin(str(REPOSITORY / "tests" / "conftest.py"))
    return lambda: shared.make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def photos(project: Path) -> Path:
    """A project with the domain `photos`: two classes of twelve small images."""
    folder_domain(project, 12)
    write_domain(project)
    return project
