"""Only what comes anew, and nobody uses, is garbage."""

import os
from pathlib import Path

import pytest

from registry.store.models import model_version
from tasks.keeping.garbage import clear, find_waste
from tests.tasks.keeping.conftest import promote

YEAR = 365 * 86_400


def aged(path: Path, seconds: float = YEAR) -> Path:
    """A file or folder that was last changed so long ago."""
    if path.suffix:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    else:
        path.mkdir(parents=True, exist_ok=True)
    past = path.stat().st_mtime - seconds
    os.utime(path, (past, past))
    return path


@pytest.fixture
def wasted(photos, registered) -> set[Path]:
    """What of a project is garbage; beside each lies something alike that is not."""
    promote(2, registered())
    copies = {version: aged(model_version("photos", version).folder) for version in (1, 2, 3)}
    home = photos / ".regraft"
    aged(photos / "data" / "restored" / f"photos-{'b' * 32}", 60)
    for name in ("v3.html", "drift.html"):
        aged(home / "reports" / "photos" / name)
    aged(home / "logs" / "flows.log")
    return {
        copies[1],
        aged(photos / "data" / "restored" / f"photos-{'a' * 32}"),
        aged(home / "reports" / "photos" / "v1.html"),
        aged(home / "logs" / "flows.log.1"),
        aged(home / "scratch" / f".model.{os.uname().nodename.partition('.')[0]}-4194305-abcdefgh.tmp"),
    }


def test_clear__what_is_needed_stays(photos, wasted):
    """Copies of champion and previous, young data, pages of versions in a role and the log in use stay."""
    before = set(photos.rglob("*"))
    found = find_waste()
    assert {one.path for one in found} == wasted
    assert set(photos.rglob("*")) - before <= {photos / ".regraft" / "cache", *before}
    assert {one.path for one in clear(found)} == wasted
    assert find_waste() == []
    model_version("photos", 1).load()  # fetched again


@pytest.mark.usefixtures("busy")
def test_clear__a_domain_that_is_worked_on(photos, wasted):
    """What a run may be reading stays until a later time."""
    stayed = wasted - {one.path for one in clear(find_waste())}
    assert {path.name.partition("-")[0] for path in stayed} == {"1", "photos"}
    assert all(path.exists() for path in stayed)
