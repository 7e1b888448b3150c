"""The data tasks show what they did in the Prefect UI, and compute only what is new."""

import hashlib
import json
import shutil

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.project.new import write_domain
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.ledger.watch.marks import Mark, Marks
from settings.machine import load_settings
from tasks.check import check_domain
from tasks.domain import load_domain
from tasks.making.prepare import embed, ingest, validate

pytestmark = pytest.mark.usefixtures("prefect_api")


def test_validate__shows_the_quarantine(project, image_folder):
    """How many rows were accepted, and every bad one with its reason."""
    folder = image_folder(25)
    (folder / "dark" / "bad.png").write_bytes(b"no image")
    write_domain("spoilt", folder, None)
    assert ingest(load_domain("spoilt")).read == 51
    found = validate(load_domain("spoilt"))
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["quarantine-spoilt"]))
        (shown, *_) = client.read_artifacts(artifact_filter=wanted)
    assert "**50 of 51 rows accepted**" in shown.data
    assert f"| dark/bad.png | {found.quarantine['dark/bad.png']} |" in shown.data


def test_ingest__what_a_rollback_keeps_out(project, image_folder):
    """It is left out and told, by `prepare` and by `check`, until it is released."""
    folder = image_folder(25)
    write_domain("kept", folder, None)
    digest = hashlib.sha256((folder / "dark" / "000.png").read_bytes()).hexdigest()
    figures, ledger = json.dumps({"withheld": [digest]}), load_settings().ledger
    record = CheckRecord(
        "kept", 2, "w", suspect=True, outcome="rollback", reason="worse", figures=figures, delivery="rolled back to v1"
    )
    Checks(ledger).add(record, "")
    found = ingest(load_domain("kept"))
    assert found.samples == 49
    assert found.notices[0].startswith("1 samples of the traffic that led to a rollback stay out")
    assert check_domain("kept").left_out == found.notices
    Marks(ledger).add(Mark("kept", "release", "", "me"))
    assert ingest(load_domain("kept")).samples == 50


def test_embed__only_what_is_new(plan):
    """The whole data set where nothing is cached, nothing where it is."""
    shutil.rmtree(plan.settings.home / "cache")
    assert [embed(plan), embed(plan)] == [80, 0]
