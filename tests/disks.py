"""Small disks of their own, for tests of what a full one does."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str, int], Path]]:
    """Makes a disk of so many megabytes below the test's folder; where nobody may, the test is skipped."""
    disks: list[Path] = []

    def make(name: str, megabytes: int) -> Path:
        disk = tmp_path / name
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        disks.append(disk)
        return disk

    yield make
    for disk in disks:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Takes the room that a disk has, but for so many bytes; without the file that takes it there is room again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            _append(file.fileno(), size)
        file.truncate(max(file.tell() - left, 0))
    return ballast


def _append(file: int, size: int) -> None:
    """Writes so many bytes at once until the disk takes no more."""
    try:
        while os.write(file, bytes(size)):
            pass
    except OSError:
        return
