"""What is left of a project that was cleaned is a clone."""

import re
import subprocess
from pathlib import Path

import pytest

from data.errors import LockedError
from tasks.keeping.clean import PLACES, clean_project, to_clean

MAKEFILE = Path(__file__).parents[3] / "Makefile"


def test_places__are_those_of_make():
    """`make clean` removes the same, and the environment."""
    removed = re.search(r"^clean:\n\t@rm -rf (.+)$", MAKEFILE.read_text(), re.MULTILINE)[1].split()
    assert {*PLACES, ".venv"} == set(removed)


def test_clean_project__what_git_ignores_goes(photos):
    """Data, databases and models go; domains stay, and a link to another disk."""
    disk = photos / "disk"
    (photos / ".dvc" / "cache").symlink_to(disk, target_is_directory=True)
    (disk / "files").mkdir(parents=True)
    assert photos / ".regraft" in to_clean()
    clean_project()
    assert not (photos / ".regraft").exists()
    assert not (photos / "data" / "processed").exists()
    assert (photos / ".dvc" / "cache").is_symlink()
    assert list(disk.iterdir()) == []
    ignored = subprocess.run(
        ["git", "status", "--short", "--ignored"], cwd=photos, capture_output=True, text=True, check=True
    ).stdout
    assert [line for line in ignored.splitlines() if line.startswith("!!")] == []
    assert (photos / "domains" / "photos.yaml").exists()


@pytest.mark.usefixtures("busy")
def test_clean_project__while_a_domain_is_worked_on(photos):
    """Nothing goes under a run's feet."""
    with pytest.raises(LockedError, match="'photos' is busy: retrain runs"):
        clean_project()
    assert (photos / ".regraft" / "ledger.db").exists()
