"""Progress reaches the Prefect UI."""

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from tasks.progress import artifact_key, task_progress


def shares(key: str) -> list[float]:
    """Progress of every artifact under a key."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        return [float(found.data) for found in client.read_artifacts(artifact_filter=wanted)]


@pytest.mark.parametrize("steps", [1, 3])
def test_task_progress__ends_at_hundred(prefect_api, capfd, steps):
    """One artifact, made at the first step and full at the last; no bar where nobody looks on."""
    description = f"train Photos · {steps}"
    with task_progress(description) as progress:
        for done in range(1, steps + 1):
            progress(done, steps)
    assert shares(f"train-photos-{steps}") == [100.0]
    assert capfd.readouterr().out == ""


def test_task_progress__nothing_to_do(prefect_api):
    """Without a step there is no artifact, and none of nothing is no division by zero."""
    with task_progress("idle"):
        pass
    assert shares("idle") == []
    with task_progress("empty") as progress:
        progress(0, 0)
    assert shares("empty") == [0.0]


def test_artifact_key__takes_any_domain_name():
    """Prefect refuses capitals and underscores in a key."""
    assert artifact_key("quarantine", "My_parts 2") == "quarantine-my-parts-2"
