"""The data tasks show what they did in the Prefect UI, and compute only what is new."""

import shutil

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.project.new import write_domain
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


def test_embed__only_what_is_new(plan):
    """The whole data set where nothing is cached, nothing where it is."""
    shutil.rmtree(plan.settings.home / "cache")
    assert [embed(plan), embed(plan)] == [80, 0]
