"""What the tests share: a project of its own for each test, and small real images."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.environment import QUIET

REPOSITORY = Path(__file__).parents[1]

# Set before any library reads them.
os.environ.update({**QUIET, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})


def make_project(root: Path) -> Path:
    """A project as a clone has it: domains, DVC and its stages, in a Git repository."""
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "domains", root / "domains")
    (root / ".dvc").mkdir()
    shutil.copy(REPOSITORY / ".dvc" / "config", root / ".dvc" / "config")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project below the test's own folder, which is also the working directory."""
    root = make_project(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("REGRAFT_ROOT", str(root))
    return root


def png(value: int | np.ndarray = 128, *, side: int = 32, mode: str = "L") -> bytes:
    """A PNG of one grey value, or of the pixels given."""
    pixels = np.full((side, side), value, np.uint8) if isinstance(value, int) else value
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def image_folder(project: Path) -> Callable[..., Path]:
    """Makes `photos/CLASS/n.png` below the project: bright and dark squares with noise, told apart easily."""

    def make(count: int = 30, classes: tuple[str, ...] = ("dark", "light"), side: int = 64) -> Path:
        random = np.random.default_rng(0)
        for place, name in enumerate(classes):
            folder = project / "photos" / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                level = 60 + 120 * place // max(1, len(classes) - 1)
                pixels = np.clip(random.normal(level, 25, (side, side)), 0, 255).astype(np.uint8)
                (folder / f"{number:03d}.png").write_bytes(png(pixels))
        return project / "photos"

    return make
