"""Each check has a page of its own; the latest loads nothing, the others share a script; old ones go."""

import re
from datetime import timedelta
from pathlib import Path

from monitoring.config import MonitoringConfig
from monitoring.page.run import run_evidently
from monitoring.page.shelf import write_page
from monitoring.triage import triage
from monitoring.windows import Window
from tests.monitoring.scenes import NOW, reference, scene, traffic


def test_write_page__each_check_its_own(tmp_path: Path) -> None:
    """Two checks leave two pages and their JSON; those of more than 90 days ago are gone, and nothing else is."""
    config, window = MonitoringConfig(), Window(traffic(200))
    made = run_evidently(reference(), window, config, triage(scene(window)))
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "notes.txt").write_text("mine")
    for days, kept in ((91, 1), (90, 2), (0, 2)):
        page = write_page(made, tmp_path, NOW - timedelta(days=days), keep_days=90)
        assert page.name == f"{NOW - timedelta(days=days):%Y%m%dT%H%M%S}.html"
        assert len([*(tmp_path / "checks").glob("*.html")]) == len([*(tmp_path / "checks").glob("*.json")]) == kept
    assert (tmp_path / "checks" / "notes.txt").exists()
    latest, shelved = (path.read_text(encoding="utf-8") for path in (tmp_path / "drift.html", page))
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=.?(https?:)?//", latest)
    (script,) = re.findall(r'<script src="(evidently-[^"]+\.js)">', shelved)
    assert script not in latest
    assert (page.parent / script).stat().st_size > 1_000_000
    assert len(shelved) < len(latest) / 5
    for name in ("embedding_mmd2", "probability of 7", "brightness", "Embeddings", "one content repeated"):
        assert name in latest
