"""Evidently runs our signals: its tests fail exactly where the decision says drift."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from monitoring.check import Check, check_window
from monitoring.config import MonitoringConfig
from monitoring.drift import measure_drift
from monitoring.windows import Window
from tests.monitoring.scenes import NOW, digits, reference, traffic

CONFIG = MonitoringConfig(false_alarm=0.1, resamples=100)


def checked(rows: pd.DataFrame) -> Check:
    """A check of traffic of digits."""
    return check_window(reference(), Window(rows), CONFIG, now=NOW)


def failed(check: Check) -> list[str]:
    """Names of what Evidently's tests mark on the page."""
    tests = check.page.snapshot.dict()["tests"]
    return [test["name"].split(":")[0] for test in tests if test["status"].value == "FAIL"]


def test_run_evidently__marks_what_the_decision_says() -> None:
    """On 15 quiet windows and 5 that miss digits more and more, page and decision are one."""
    rng = np.random.default_rng(0)
    others = digits()[1000:]
    marks, drifts = [], []
    for turn in range(20):
        pool = others if turn < 15 else others[others["label"] < 24 - turn]
        check = checked(pool.sample(200, random_state=int(rng.integers(1000))))
        alarms = [one.name for one in check.drift.statistics if one.alarm]
        assert failed(check) == alarms
        marks.append(bool(alarms))
        drifts.append(check.evidence().suspect)
    assert marks == drifts
    assert sum(marks[:15]) <= 5
    assert all(marks[17:])


def test_run_evidently__is_what_is_measured_without_it() -> None:
    """The report that is made of Evidently's results is the one that the signals give."""
    assert checked(traffic(200)).drift == measure_drift(reference(), Window(traffic(200)), CONFIG)


def test_run_evidently__json_holds_values_thresholds_and_nulls() -> None:
    """What stands on the page can be read by machines."""
    check = checked(traffic(200))
    metrics = json.loads(check.page.snapshot.json())["metrics"]
    (mmd,) = (one for one in metrics if one["config"].get("signal") == "embedding_mmd2")
    statistic = check.drift.statistics[0]
    assert mmd["value"] == {
        "value": statistic.value, "threshold": statistic.threshold, "p_value": statistic.p_value, "null": statistic.note
    }  # fmt: skip


@pytest.mark.parametrize("rows", [220, 60])
def test_run_evidently__stuck_camera(rows: int) -> None:
    """One image over and over is broken data on the page and in the decision; no drift is measured."""
    check = checked(pd.concat([traffic(1)] * rows, ignore_index=True))
    assert (check.evidence().verdict, check.drift) == ("broken data", None)
    assert failed(check) == ["one content repeated"]
    assert f"one sample makes up {rows} of {rows}" in check.page.snapshot.get_html_str(as_iframe=False)


def test_run_evidently__nothing_to_look_at() -> None:
    """No traffic at all has a page, too."""
    check = checked(traffic(0))
    assert (check.evidence().verdict, failed(check)) == ("cannot judge", [])


def test_run_evidently__cannot_judge_is_no_failed_test() -> None:
    """Three sessions are too few: the tests are skipped, and the page says what is missing."""
    check = checked(traffic(210).assign(session=[f"s{row // 70}" for row in range(210)]))
    assert (check.evidence().verdict, check.evidence().drift, failed(check)) == ("cannot judge", "", [])
    told = "the window has 3 blocks by session, worth 3 equal ones: needs 5 more sessions"
    assert told in check.evidence().told
    assert told in check.page.snapshot.get_html_str(as_iframe=False)
    states = {test["status"].value for test in check.page.snapshot.dict()["tests"]}
    assert states == {"SUCCESS", "SKIPPED"}


def test_run_evidently__silence_alerts_before_drift() -> None:
    """Traffic that stopped is broken data, however it looked."""
    rows = traffic(300)
    late = NOW + timedelta(hours=30)
    check = check_window(reference(), Window(rows), CONFIG, now=late)
    assert failed(check) == ["silence"]
    assert check.evidence().verdict == "broken data"


def test_run_evidently__how_it_was_tried() -> None:
    """The page of a check that was tried tells so; rows that do not say a fact are no fault of the page."""
    rows = traffic(200).assign(width=[np.nan, *[8.0] * 199])
    known = reference()
    wide = replace(known, rows=known.rows.assign(width=8.0))
    check = check_window(wide, Window(rows), CONFIG, now=NOW, note="tried on its reference")
    assert "tried on its reference" in check.page.snapshot.get_html_str(as_iframe=False)
    assert "How the check was tried" not in checked(rows).page.snapshot.get_html_str(as_iframe=False)
