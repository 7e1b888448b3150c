"""The same traffic is measured once, and a check is tried once a version."""

import json
from dataclasses import replace

import pytest

from monitoring.config import MonitoringConfig
from monitoring.drift import measure_drift
from monitoring.signals import watched
from monitoring.windows import Window
from registry.ledger.events import Events
from registry.ledger.watch.checks import CheckRecord, Checks
from settings.machine import load_settings
from tasks.watch import remembering
from tasks.watch.remembering import measured_before, rule_of, trial_of, trial_told
from tests.monitoring.scenes import digits, reference, traffic

pytestmark = pytest.mark.usefixtures("tracked")
CONFIG = MonitoringConfig(window=100, resamples=200)
WINDOW, RULE = Window(traffic(100)), rule_of(CONFIG, reference())


@pytest.fixture
def kept():
    """The check of a window, on record."""
    drift = measure_drift(reference(), WINDOW, CONFIG)
    figures = json.dumps({"rule": RULE, "drift": drift.kept(), "page": "page.html"})
    Checks(load_settings().ledger).add(
        CheckRecord("photos", 1, WINDOW.digest, suspect=False, outcome="ok", reason="", figures=figures), ""
    )
    return drift


def test_measured_before__the_same_window(kept):
    """All but the null windows comes back, with its page."""
    found = measured_before("photos", 1, WINDOW, RULE)
    assert found.page == "page.html"
    assert found.drift.statistics == tuple(replace(one, null=()) for one in kept.statistics)


@pytest.mark.parametrize("field", ["false_alarm", "resamples", "seed", "window"])
def test_measured_before__another_rule(kept, field):
    """Whatever decides the measurement makes it another one."""
    other = CONFIG.model_copy(update={field: {"false_alarm": 0.02}.get(field, 300)})
    assert measured_before("photos", 1, WINDOW, rule_of(other, reference())) is None


def test_measured_before__another_signal(kept, monkeypatch):
    """So does a release that watches something else."""
    monkeypatch.setattr(watched, "SIGNALS", watched.SIGNALS[:1])
    same_share = CONFIG.model_copy(update={"false_alarm": 0.005})
    assert same_share.share == 0.005
    assert measured_before("photos", 1, WINDOW, rule_of(same_share, reference())) is None


def test_measured_before__other_traffic_version_or_domain(kept):
    """Only the newest check of just this traffic counts."""
    assert measured_before("photos", 1, Window(traffic(99)), RULE) is None
    assert measured_before("photos", 2, WINDOW, RULE) is None
    assert measured_before("others", 1, WINDOW, RULE) is None


def test_measured_before__wider_reference(kept):
    """So does a reference with more rows."""
    wide = replace(reference(), rows=digits()[:1100])
    assert measured_before("photos", 1, WINDOW, rule_of(CONFIG, wide)) is None


def test_measured_before__nothing_was_measured():
    """A check of broken data has no report."""
    figures = json.dumps({"rule": RULE, "drift": None, "page": "page.html"})
    Checks(load_settings().ledger).add(
        CheckRecord("photos", 1, WINDOW.digest, suspect=False, outcome="broken data", reason="", figures=figures), ""
    )
    assert measured_before("photos", 1, WINDOW, RULE) is None


def test_trial_of__once_a_version(monkeypatch):
    """The second check reads what the first one tried; another version or rule is tried anew."""
    times: list[int] = []
    whole = remembering.try_out

    def counted(*args):
        times.append(1)
        return whole(*args)

    monkeypatch.setattr(remembering, "try_out", counted)
    first = trial_of("photos", 1, reference(), WINDOW, CONFIG)
    assert first.quiet == 200
    assert trial_of("photos", 1, reference(), WINDOW, CONFIG) == first
    assert len(times) == 1
    small = replace(reference(), rows=reference().rows[:30])
    assert trial_of("photos", 2, small, WINDOW, CONFIG) is None
    assert trial_of("photos", 2, small, WINDOW, CONFIG) is None
    assert len(times) == 2
    trial_of("photos", 2, small, WINDOW, CONFIG.model_copy(update={"seed": 1}))
    assert len(times) == 3
    assert len(Events(load_settings().ledger).of_kind("photos", "trial", 9)) == 3


@pytest.mark.parametrize(
    ("known", "seen", "told"),
    [
        (30, 100, "not tried: too few samples in its reference (30 of 200)"),
        (1000, 20, "not tried: too few samples (20 of 50)"),
    ],
)
def test_trial_told__too_few_samples(known, seen, told):
    """It is said of what there are too few, and how many it takes."""
    small = replace(reference(), rows=reference().rows[:known])
    assert trial_told("photos", 1, small, Window(traffic(seen)), CONFIG) == told
