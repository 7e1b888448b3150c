"""What the tests of a project's state share: two versions of a model, of which one came after the other."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.project.new import write_domain
from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import follow_ledger
from settings.machine import load_settings
from tests.flows.conftest import HOLDER


@pytest.fixture
def own_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's database lies in the project, as `prepare_environment` has it before Prefect is loaded."""
    url = lambda settings: f"sqlite:///{settings.home / 'prefect' / 'prefect.db'}"  # noqa: E731
    monkeypatch.setattr("tasks.keeping.places.prefect_url", url)


def promote(expected: int | None, to: int) -> None:
    """A promotion, in the ledger, the project's heads and MLflow."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=expected, to=to, **facts))
    follow_ledger("photos")


@pytest.fixture
def photos(project: Path, registered: Callable[..., int], image_folder: Callable[..., Path], own_prefect: None) -> Path:
    """A project with a domain whose second version is in production."""
    write_domain("photos", image_folder(3), None)
    for expected, to in ((None, registered()), (1, registered())):
        promote(expected, to)
    log = project / ".regraft" / "predictions" / "photos" / "day=2026-01-01"
    log.mkdir(parents=True)
    (log / "rows.parquet").write_bytes(b"rows")
    return project


@pytest.fixture
def busy(tracked: Path) -> Iterator[None]:
    """Another process holds the lock of the domain `photos`."""
    command = [sys.executable, "-c", HOLDER, str(tracked / ".regraft")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate()


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the project."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes a folder the project of this process."""

    def now(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("REGRAFT_ROOT", str(folder))

    return now
