"""The doctor finds what is broken, and repairs aliases."""

import json
import sqlite3
from types import SimpleNamespace

import pytest

from data.errors import LockedError
from flows.shown.doctor import examine
from registry.ledger.ledger import Change, Ledger
from registry.store.aliases import follow_ledger
from registry.store.client import mlflow_client
from settings.machine import load_settings


@pytest.fixture(autouse=True)
def _no_dvc(request, monkeypatch):
    """`dvc status` takes two seconds; one test runs it."""
    if "dvc" not in request.node.name:
        monkeypatch.setattr("flows.shown.doctor.changed_stages", lambda root: {})


def faults(*, fix: bool = False) -> dict[str, str]:
    """Checks that failed, with what was found."""
    return {finding.check: finding.found for finding in examine(fix=fix) if not finding.ok}


@pytest.mark.usefixtures("tracked")
def test_examine__dvc_and_all_is_well():
    """A new project has no faults; every domain is looked at."""
    found = examine(fix=False)
    assert all(finding.ok for finding in found), found
    assert {"DVC", "ledger", "digits: weights", "solar: aliases"} <= {finding.check for finding in found}


@pytest.mark.usefixtures("tracked")
def test_examine__a_stage_runs(monkeypatch):
    """Data that a retrain works on just now are no fault."""

    def busy(root):
        raise LockedError("'data/processed/digits' is busy")

    monkeypatch.setattr("flows.shown.doctor.changed_stages", busy)
    found = {finding.check: finding for finding in examine(fix=False)}["DVC"]
    assert (found.ok, found.found) == (True, "a stage of a domain runs just now; ask again when it has ended")


def test_examine__alias_set_wrong_by_hand(registered, project):
    """The fault is named and stays until --fix sets the alias as the ledger says."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    registered(), registered()
    Ledger(load_settings().ledger).append(
        Change(
            "photos", action="promote", expected=None, to=1, actor="me", reason="r", evidence="", dataset_version="d"
        )
    )
    follow_ledger("photos")
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    assert "champion should be 1; run `regraft doctor --fix`" in faults()["photos: aliases"]
    repaired = {finding.check: finding for finding in examine(fix=True)}["photos: aliases"]
    assert (repaired.ok, repaired.found) == (True, "repaired: champion should be 1")
    assert faults() == {}
    assert int(mlflow_client().get_model_version_by_alias("photos", "champion").version) == 1


def test_examine__ledger_changed_by_hand(registered):
    """A row that somebody changed is named with its domain, whatever domain files there are."""
    ledger = Ledger(load_settings().ledger)
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    ledger.append(Change("photos", action="promote", expected=None, to=registered(), **facts))
    assert faults() == {}
    with sqlite3.connect(load_settings().home / "ledger.db") as database:
        database.execute("update ledger set actor = 'you'")
    assert "photos: row 1 was altered" in faults()["ledger"]


def test_examine__ledger_was_emptied(registered):
    """Where the ledger's file is gone, the project's own note of its last row is a fault that names the domain."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, registered(), **facts))
    follow_ledger("photos")
    (load_settings().home / "ledger.db").unlink()
    assert "photos: no row has the hash" in faults()["ledger"]


def test_examine__champion_deleted_or_altered(registered, project):
    """A champion whose package was altered, or which was deleted in MLflow, is a fault that says what to do."""
    (project / "domains" / "photos.yaml").write_text((project / "domains" / "digits.yaml").read_text())
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=registered(), **facts))
    follow_ledger("photos")
    for stored in (project / ".regraft" / "mlartifacts").rglob("model.onnx"):
        stored.write_bytes(b"altered")
    assert "model.onnx" in faults()["photos: champion"]
    mlflow_client().delete_model_version("photos", "1")
    found = faults(fix=True)["photos: champion"]
    assert "deleted in MLflow; `regraft train photos` registers one, then `regraft rollback photos --to" in found


def test_examine__domain_file_and_weights(tracked):
    """A broken domain file and altered weights are findings beside the sound ones, not a crash."""
    (tracked / "domains" / "broken.yaml").write_text("data: 1")
    card = {
        "architecture": "tf_efficientnet_lite0", "source": {"kind": "file", "file": "altered.pth"}, "revision": "1",
        "licence": "MIT", "sha256": "0" * 64,
        "input": {"size": 64, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
    }  # fmt: skip
    (tracked / "backbones.yaml").write_text(json.dumps({"tf_efficientnet_lite0.imagenet": card}))
    (tracked / "altered.pth").write_bytes(b"altered")
    found = faults()
    assert set(found) == {"broken: domain file", "broken: weights", "digits: weights", "solar: weights"}
    assert "broken.yaml" in found["broken: domain file"]
    assert "altered.pth has sha256" in found["digits: weights"]


@pytest.mark.usefixtures("project")
def test_examine__databases_down(monkeypatch):
    """MLflow and the ledger out of reach are findings, each in one line and without a password."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", "http://user:p4ss@127.0.0.1:9")
    monkeypatch.setenv("REGRAFT_LEDGER_URL", "nodriver://user:p4ss@127.0.0.1:9/db")
    found = faults()
    domains = ("digits", "solar")
    assert set(found) == {"ledger", *(f"{name}: {check}" for name in domains for check in ("champion", "aliases"))}
    assert not any("p4ss" in text or "\n" in text for text in found.values())


@pytest.mark.usefixtures("tracked")
def test_examine__disk_nearly_full(monkeypatch):
    """Too little room for a retrain is a fault that names how much is needed."""
    usage = SimpleNamespace(total=10**12, used=10**12, free=10**9)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert "1.0 GB free" in faults()["disk"]
