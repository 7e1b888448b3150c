"""The champion's traffic is checked before anything is concluded from it."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from evaluation.predictions.predictions import Predictions
from evaluation.predictions.storage import predictions_path, write_predictions
from monitoring.config import MonitoringConfig
from registry.errors import ModelNotFoundError
from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.checks import CheckRecord, Checks
from registry.store.tracking import latest_run
from serving.feedback.labels import Label, file_labels
from serving.log.predictions import folder_of, store_of
from serving.log.reading import Wanted, read_rows
from serving.log.schema import SCHEMA
from serving.log.store import Store
from serving.score.files import Destination
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.monitor import Seen, check_traffic
from tasks.score import score
from tasks.watch.accepting import accept

TRAFFIC = Destination("photos")


@pytest.fixture
def config(plan) -> Domain:
    """The workshop's domain, which looks at few samples."""
    return plan.domain.model_copy(update={"monitoring": MonitoringConfig(window=60, min_window=20)})


@pytest.fixture
def champion(registered, prefect_api):
    """The workshop's package in production."""
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, registered(), "me", "r", "", "d"))


def photos(folder, count: int) -> list:
    """Dark images as the workshop has them."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(count):
        pixels = np.clip(random.normal(60, 25, (64, 64)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(map(str, folder.iterdir()))


@pytest.mark.usefixtures("tracked", "prefect_api")
def test_check_traffic__no_champion(config):
    """Before the first promotion there is nothing to look at, and scoring says what to run."""
    assert check_traffic(config) is None
    with pytest.raises(ModelNotFoundError, match="no champion yet; run `regraft retrain photos`"):
        score([], TRAFFIC)


def test_check_traffic__too_little(champion, config, tmp_path):
    """A handful of samples proves nothing."""
    assert score(photos(tmp_path / "few", 5), TRAFFIC).predicted == {"dark": 5, "light": 0}
    found = check_traffic(config)
    assert (found.evidence.verdict, found.samples, found.statistics) == ("cannot judge", 5, {})


def test_check_traffic__broken_files(champion, config, tmp_path):
    """Files that cannot be decoded are told, and nothing is measured."""
    paths = photos(tmp_path / "broken", 30)
    for path in paths[:10]:
        Path(path).write_bytes(b"broken")
    assert score(paths, TRAFFIC).failed == 10
    found = check_traffic(config)
    assert (found.evidence.verdict, found.statistics) == ("broken data", {})
    assert "10 of 30 files could not be used" in found.evidence.told


def test_check_traffic__drift(champion, config, tmp_path, project):
    """Traffic of one class alone is drift; the same window has the same digest, another window another."""
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    found = check_traffic(config)
    assert found.evidence.drift.startswith("drift: ")
    reports = project / ".regraft" / "reports" / "photos"
    assert Path(found.page).parent == reports / "checks"
    assert (reports / "drift.html").exists()
    assert "### Drift: 60 samples" in found.table
    figures = found.figures()
    assert (figures["samples"], figures["signals"], figures["page"]) == (60, found.signals, found.page)
    assert [one["name"] for one in found.judged[:2]] == ["embedding_mmd2", "probability_ks"]
    mmd = found.signals[0]
    assert {*mmd} == {"name", "value", "threshold", "p_value", "alarm", "note"}
    assert (mmd["name"], mmd["value"], mmd["alarm"]) == ("embedding_mmd2", found.statistics["embedding_mmd2"], True)
    assert figures["evidence"]["drift"] == found.evidence.drift
    logged = latest_run("photos", "tags.verdict = 'ok'")
    assert (logged["run"], logged["model_version"]) == ("monitor v1", "1")
    assert {name for name in logged if name.startswith("drift_")} == {
        "drift_embedding_mmd2", "drift_embedding_mmd2_p", "drift_probability_ks", "drift_probability_ks_p"
    }  # fmt: skip
    assert figures["began"] <= datetime.now(UTC).isoformat()
    assert figures["trial"] == found.trial
    again = check_traffic(config)
    assert again.window == found.window
    score(photos(tmp_path / "more", 1), TRAFFIC)
    assert check_traffic(config).window != found.window


def test_check_traffic__unchanged_traffic_is_measured_once(champion, config, tmp_path, monkeypatch):
    """The second check says the same and shows the same page, without measuring; one more sample is measured again."""
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    first = check_traffic(config)
    on_record(first)
    with monkeypatch.context() as patched:
        patched.setattr("monitoring.check.run_evidently", None)
        second = check_traffic(config)
    assert (second.page, second.statistics, second.evidence) == (first.page, first.statistics, first.evidence)
    assert second.table == first.table
    on_record(second)
    score(photos(tmp_path / "more", 1), TRAFFIC)
    assert check_traffic(config).page != first.page


def on_record(seen: Seen) -> None:
    """The check that saw this."""
    checks = Checks(load_settings().ledger)
    before = checks.newest("photos", 1)
    figures = json.dumps(seen.figures())
    record = CheckRecord("photos", seen.version, seen.window, seen.evidence.suspect, "watch", "", figures)
    checks.add(record, before[-1].key if before else "")


def test_check_traffic__accepted_traffic_is_no_drift(champion, config, tmp_path):
    """Once somebody has said that dark images are as they should be, such are measured anew and are no drift."""
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    assert check_traffic(config).evidence.drift
    accept(config, "only dark ones by now")
    found = check_traffic(config)
    assert found.evidence.drift == ""


def test_check_traffic__reads_its_window_of_a_long_log(champion, config, tmp_path, monkeypatch):
    """Of a million rows in forty files two are opened: that of the window, and one more for the usual pauses."""
    score(photos(tmp_path / "first", 1), TRAFFIC)
    store, (place, names) = store_of("photos"), (SCHEMA.get_field_index("id"), np.arange(25_000).astype(str))
    row = read_rows(store, Wanted())
    for name in ("embedding", "probabilities"):
        row = row.set_column(SCHEMA.get_field_index(name), name, pa.nulls(1, SCHEMA.field(name).type))
    for number in range(40):
        ids = pa.array(np.char.add(f"{number}-", names))
        store.write(row.take(pa.array(np.zeros(25_000, np.int64))).set_column(place, "id", ids), folder_of(1))
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    opened, whole = set(), Store.read
    monkeypatch.setattr(Store, "read", lambda store, file: (opened.add(file.path), whole(store, file))[1])
    assert check_traffic(config).samples == 60
    assert len(opened) == 2


def test_check_traffic__of_an_earlier_term(champion, registered, config, tmp_path):
    """A version that was rolled back to is not judged by what it saw before; the reason says since when."""
    score(photos(tmp_path / "dark", 60), TRAFFIC)
    assert check_traffic(config).samples == 60
    ledger = Ledger(load_settings().ledger)
    ledger.append(Change("photos", "promote", 1, registered(), "me", "r", "", "d"))
    ledger.append(Change("photos", "rollback", 2, 1, "me", "r", "", "d"))
    found = check_traffic(config)
    assert (found.evidence.verdict, found.samples, found.version) == ("cannot judge", 0, 1)
    assert "0 usable samples of 0 since 2" in found.evidence.told


def test_check_traffic__stuck_camera(champion, plan, tmp_path):
    """One image in 220 files is broken data, and the page of that check says so."""
    (path,) = photos(tmp_path / "one", 1)
    copies = [tmp_path / "one" / f"copy-{number}.png" for number in range(220)]
    for copy in copies:
        copy.write_bytes(Path(path).read_bytes())
    score(sorted(map(str, copies)), TRAFFIC)
    found = check_traffic(plan.domain)
    assert (found.evidence.verdict, found.statistics) == ("broken data", {})
    told = "one sample makes up 200 of 200"
    assert told in found.evidence.told
    assert told in Path(found.page).read_text(encoding="utf-8")


def test_check_traffic__performance(registered, config, tmp_path, prefect_api):
    """Beside what the test set promised: labels that come back show harm, and the page tells it."""
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, registered(), "me", "r", "", "d"))
    classes, truth = ("dark", "light"), np.arange(40) % 2
    promised = Predictions(
        hashes=[f"{number}" for number in range(40)],
        truth=truth,
        probabilities=np.stack([1 - truth, truth], axis=1) * 0.8 + 0.1,
        weights=np.ones(40),
        groups=[f"{number}" for number in range(40)],
        slices=pd.DataFrame(index=range(40)),
        classes=classes,
    )
    write_predictions(predictions_path(load_settings().home, "photos", 1, "d"), promised)
    paths = photos(tmp_path / "dark", 60)
    score(paths, TRAFFIC)
    digests = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]
    file_labels("photos", [Label("hash", digest, "light") for digest in digests])
    found = check_traffic(config)
    assert found.evidence.harm == "much"
    assert found.evidence.performance.startswith("accuracy by labels 0.0")
    assert "expected 1.000: harm much" in found.evidence.performance
    assert "### Harm: much" in found.table
    assert float(latest_run("photos", "tags.verdict = 'ok'")["performance_expected"]) == 1.0
