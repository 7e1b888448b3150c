"""A check of the past is shown as it would have been, and leaves no trace."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from flows.shown.replay import backfill, replay
from registry.ledger.events import Events
from registry.ledger.history import row_stamp
from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.checks import CheckRecord, Checks
from serving.log.predictions import append
from serving.log.schema import Prediction
from settings.machine import load_settings


@pytest.fixture
def domain(registered, project, own_workshop):
    """The workshop's domain with its YAML; v1 is champion."""
    content = {
        "description": "Squares.", "intended_use": "Sorting.",
        "data": {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}},
        "training": {"backbone": "tf_efficientnet_lite0.imagenet", "recipe": "linear_probe"},
        "gate": {"metric": "accuracy", "floor": 0.5},
        "monitoring": {"window": 60, "min_window": 20},
    }  # fmt: skip
    (project / "domains" / "photos.yaml").write_text(yaml.safe_dump(content))
    Ledger(load_settings().ledger).append(Change("photos", "promote", None, registered(), "me", "r", "", "d"))
    return datetime.now(UTC)


def traffic(hours: float, rows, count: int = 60) -> None:
    """So many answers, so many hours after now."""
    start, known = datetime.now(UTC) + timedelta(hours=hours), len(rows["embedding"])
    digests = [hashlib.sha256(f"{hours}/{number}".encode()).hexdigest() for number in range(count)]
    append("photos", [
        Prediction(start + timedelta(seconds=number), 1, rows["transform"], digest, f"/{digest}.png", "dark",
                   rows["probabilities"][number % known], rows["embedding"][number % known])
        for number, digest in enumerate(digests)
    ], ())  # fmt: skip


@pytest.fixture
def kinds(domain):
    """Answers as the reference has them, and those of one class alone."""
    from registry.store.models import champion

    package = champion("photos").load()
    reference = package.reference
    one = reference[np.stack(reference["probabilities"])[:, 0] > 0.5]

    def of(rows):
        return {
            "transform": package.transform.hash,
            "probabilities": [np.asarray(one, np.float32) for one in rows["probabilities"]],
            "embedding": [np.asarray(one, np.float16) for one in rows["embedding"]],
        }

    return of(reference), of(one)


def trace(project: Path) -> list[object]:
    """All that a check could leave."""
    ledger = load_settings().ledger
    reports = sorted(map(str, (project / ".regraft").rglob("reports/**")))
    return [Checks(ledger).newest("photos", 99), len(Events(ledger).latest("photos")), reports]


def test_replay__as_it_would_have_been(domain, kinds, project):
    """Before the drift there was none, after it there is; before the champion came nothing could be said."""
    quiet, drifted = kinds
    traffic(1, quiet)
    traffic(10, drifted)
    before = trace(project)
    found = [replay("photos", domain + timedelta(hours=hours)) for hours in (-1, 0.5, 5, 15)]
    assert [one.outcome for one in found] == ["cannot judge", "cannot judge", "ok", "retrain"]
    assert [one.version for one in found] == [None, 1, 1, 1]
    assert found[0].reason.startswith("no champion was in production then; the first, v1, came 20")
    assert [one.samples for one in found] == [0, 0, 60, 60]
    assert all(one.replayed and not one.page and not one.started for one in found)
    assert found[3].time == row_stamp(domain + timedelta(hours=15))
    assert found[3].statistics
    assert trace(project) == before


def test_replay__knows_earlier_checks(domain, kinds):
    """The same traffic had started a retrain by then."""
    traffic(1, kinds[1])
    first = replay("photos", domain + timedelta(hours=5))
    assert first.outcome == "retrain"
    check = CheckRecord("photos", 1, first.window, suspect=True, outcome="retrain", reason="drift", delivery="run")
    Checks(load_settings().ledger).add(check, "")
    assert replay("photos", domain + timedelta(hours=5)).reason.endswith(
        "the same traffic has started a retrain already"
    )


def test_backfill__one_after_the_other(domain, kinds, project):
    """One a day and one now without a schedule; each knows the replayed ones before it, so that the drift asks once."""
    quiet, drifted = kinds
    traffic(1, quiet)
    traffic(30, drifted)
    before = trace(project)
    found = backfill("photos", domain + timedelta(hours=1), domain + timedelta(days=4))
    assert [one.time[11:19] for one in found[:-1]] == ["00:00:00"] * 4
    assert found[-1].time == row_stamp(domain + timedelta(days=4))
    outcomes = [one.outcome for one in found]
    assert outcomes.count("retrain") == 1
    assert outcomes[-1] == "watch"
    assert found[-1].reason.endswith("the same traffic has started a retrain already")
    assert trace(project) == before


def test_backfill__by_the_schedule(domain, project):
    """At the times of the cron, in its zone, the first and the last one included."""
    path = project / "domains" / "photos.yaml"
    content = yaml.safe_load(path.read_text()) | {"schedule": {"monitor": "0 6 * * *", "timezone": "Europe/Berlin"}}
    path.write_text(yaml.safe_dump(content))
    since = datetime(2020, 3, 28, 5, tzinfo=UTC)
    found = backfill("photos", since, datetime(2020, 3, 30, 4, tzinfo=UTC))
    assert [one.time[:16] for one in found] == ["2020-03-28T05:00", "2020-03-29T04:00", "2020-03-30T04:00"]
    assert {one.outcome for one in found} == {"cannot judge"}


def test_replay__never_a_champion(project):
    """Then a retrain is what brings one."""
    assert "run `regraft retrain digits`" in replay("digits", datetime(2020, 3, 28, tzinfo=UTC)).reason
