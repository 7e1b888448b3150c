"""`regraft remove`: what goes, what stays, and a new domain of the name that begins anew."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import yaml
from click.testing import CliRunner

from data.errors import LockedError
from data.stores.versions.stages import enrol
from flows.cli import regraft
from flows.project.new import write_domain
from flows.project.remove import remove
from flows.shown.status import domain_status
from registry.ledger.ledger import Change, Ledger
from registry.ledger.uses import Use, Uses
from settings.errors import ConfigError
from settings.machine import load_settings

FACTS = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}


@pytest.fixture
def photos(project, registered, image_folder, prefect_api):
    """A trained model in two versions, of which the second was rolled back, and two domains in DVC's files."""
    write_domain("photos", image_folder(6), None)
    for room in ("fits", "reports"):
        (project / ".regraft" / room / "photos").mkdir(parents=True)
    outs = {"outs": [{"path": "data", "md5": f"{'a' * 32}.dir"}]}
    stages = {f"{stage}@{name}": outs for name in ("photos", "twin") for stage in ("validate", "preprocess")}
    (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    enrol(project, "photos"), enrol(project, "twin")
    registered(), registered()
    ledger = Ledger(load_settings().ledger)
    for action, expected, to in (("promote", None, 1), ("promote", 1, 2), ("rollback", 2, 1)):
        ledger.append(Change("photos", action=action, expected=expected, to=to, **FACTS))
    Uses(load_settings().ledger).take(Use("photos", 0, "t", "q", 2, 1, "me"))
    (project / "domains" / "photos.forgotten").write_text("ab" * 32 + "\n")


def state(root: Path) -> dict[str, bytes]:
    """Every file below a project that a command could change, but the databases' own side files."""
    hidden = {"mlflow.db", "prefect", "locks"}
    files = (path for path in root.rglob("*") if path.is_file() and not hidden & set(path.relative_to(root).parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in files if "-" not in path.suffix}


def test_remove__says_first_then_goes_and_begins_anew(project, photos):
    """A dry run changes nothing; then all is gone but what was said to stay, and a new photos knows nothing of it."""
    before = state(project)
    with mock.patch.dict(os.environ):
        told = CliRunner().invoke(regraft, ["remove", "photos", "--dry-run", "--json"])
    planned = json.loads(told.stdout)
    assert state(project) == before
    assert any("from production: v1" in line for line in planned["goes"])
    assert any("data/processed/photos" in line for line in planned["goes"])
    assert any("ledger's rows (3)" in line for line in planned["stays"])

    found = remove("photos", "the line was closed")
    assert (found.goes, found.done) == (tuple(planned["goes"]), True)
    left = [name for name in state(project) if "photos" in name.split("photos/")[0] and "mlartifacts" not in name]
    assert left == ["domains/photos.forgotten"]
    lock, params = (yaml.safe_load((project / name).read_text()) for name in ("dvc.lock", "params.yaml"))
    assert (set(lock["stages"]), "photos" in params["domains"]) == ({"validate@twin", "preprocess@twin"}, False)
    last = Ledger(load_settings().ledger).entries("photos")[-1]
    assert (last.action, last.from_version, last.to_version, last.reason) == ("remove", 1, 0, "the line was closed")
    assert Ledger(load_settings().ledger).verify("photos").fault is None

    write_domain("photos", project / "photos", None)
    fresh = domain_status("photos")
    assert (fresh.champion, fresh.previous, fresh.versions, fresh.quarantine) == (None, None, {}, {})
    assert (fresh.dataset_version, fresh.ledger_entries, fresh.last_check) == (None, 0, None)
    assert Uses(load_settings().ledger).of("photos", 0) == []


def test_remove__while_it_trains(project, image_folder, prefect_api):
    """Whoever holds the domain's lock is named, and nothing was changed."""
    write_domain("photos", image_folder(3), None)
    code = "import sys; from pathlib import Path; from data.stores.locks import domain_lock\n"
    code += "with domain_lock(Path('.regraft'), 'photos', 'retrain'): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=project
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="'photos' is busy: retrain runs in process"):
            remove("photos")
        other.stdin.close()
    assert (project / "domains" / "photos.yaml").exists()


def test_remove__was_stopped(project, photos):
    """Stopped after the ledger's row, the same call goes on and writes no second one; then nothing is left."""
    with (
        mock.patch("flows.project.remove.remove_model", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        remove("photos")
    assert domain_status("photos").champion is None
    assert remove("photos").done
    assert [entry.action for entry in Ledger(load_settings().ledger).entries("photos")].count("remove") == 1
    with pytest.raises(ConfigError, match="domain 'photos' does not exist"):
        remove("photos")


def test_remove__yaml_that_cannot_be_read(project, photos):
    """A broken domain can be removed, too."""
    (project / "domains" / "photos.yaml").write_text("data: [")
    assert remove("photos").done
    assert not (project / "domains" / "photos.yaml").exists()
