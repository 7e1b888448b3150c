"""The champion's traffic is checked before anything is concluded from it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monitoring.config import MonitoringConfig
from registry.errors import ModelNotFoundError
from registry.ledger.events import Events
from registry.ledger.ledger import Change, Ledger
from registry.ledger.notices import notices
from registry.store.tracking import latest_run
from serving.score.files import Destination
from settings.machine import load_settings
from tasks.monitor import check_drift
from tasks.score import score

TRAFFIC = Destination("photos")
CONFIG = MonitoringConfig(window=60, min_window=20)


@pytest.fixture
def champion(registered, prefect_api):
    """The workshop's package in production."""
    Ledger(load_settings().ledger).append(
        Change(
            "photos",
            action="promote",
            expected=None,
            to=registered(),
            actor="me",
            reason="r",
            evidence="",
            dataset_version="d",
        )
    )


def photos(folder, count: int) -> list:
    """Dark images as the workshop has them."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(count):
        pixels = np.clip(random.normal(60, 25, (64, 64)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(map(str, folder.iterdir()))


@pytest.mark.usefixtures("tracked", "prefect_api")
def test_check_drift__no_champion():
    """Before the first promotion there is nothing to do, and scoring says what to run."""
    found = check_drift("photos", CONFIG)
    assert (found.action, found.version) == ("nothing", None)
    with pytest.raises(ModelNotFoundError, match="no champion yet; run `regraft retrain photos`"):
        score([], TRAFFIC)


def test_check_drift__too_little_traffic(champion, tmp_path):
    """A handful of samples proves nothing."""
    assert score(photos(tmp_path / "few", 5), TRAFFIC).predicted == {"dark": 5, "light": 0}
    found = check_drift("photos", CONFIG)
    assert (found.action, found.samples, found.statistics) == ("nothing", 5, {})
    assert "insufficient" in found.reason


def test_check_drift__broken_files(champion, tmp_path):
    """Files that cannot be decoded alert a person, who is told until it is over, and never retrain."""
    paths = photos(tmp_path / "broken", 30)
    for path in paths[:10]:
        Path(path).write_bytes(b"broken")
    assert score(paths, TRAFFIC).failed == 10
    found = check_drift("photos", CONFIG)
    assert (found.action, found.statistics) == ("alert", {})
    assert "10 of 30 files could not be used" in found.reason
    (told,) = notices(Events(load_settings().ledger).latest("photos"), 1)
    assert (told.kind, told.text) == ("check", found.reason)


def test_check_drift__drift(champion, tmp_path, project):
    """Traffic of one class alone is drift; the same window has the same digest, another window another."""
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    found = check_drift("photos", CONFIG)
    assert found.action == "retrain"
    assert found.page == str(project / ".regraft" / "reports" / "photos" / "drift.html")
    logged = latest_run("photos", "tags.action = 'retrain'")
    assert (logged["run"], logged["model_version"]) == ("monitor v1", "1")
    assert {name for name in logged if name.startswith("drift_")} == {
        "drift_embedding_mmd2", "drift_embedding_mmd2_p", "drift_probability_ks", "drift_probability_ks_p"
    }  # fmt: skip
    assert check_drift("photos", CONFIG).window == found.window
    score(photos(tmp_path / "more", 1), TRAFFIC)
    assert check_drift("photos", CONFIG).window != found.window
