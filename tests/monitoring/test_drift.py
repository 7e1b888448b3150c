"""The false-alarm budget holds for correlated windows, and a shift is found."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from monitoring.config import MonitoringConfig
from monitoring.drift import measure_drift
from monitoring.errors import MonitoringError
from monitoring.reference import Reference, thin
from monitoring.signals.report import DriftReport
from monitoring.windows import Window
from tests.monitoring.scenes import digits, reference, traffic

CONFIG = MonitoringConfig(window=100, false_alarm=0.05, resamples=200)

Frame = Callable[..., pd.DataFrame]


def measure(reference: pd.DataFrame, window: pd.DataFrame, config: MonitoringConfig) -> DriftReport:
    """The drift of a table of the log against a table of a package."""
    return measure_drift(Reference(reference, "t" * 64, ("a", "b")), Window(window), config)


def quiet_alarms(grouped: Frame, *, checks: int, by_row: bool) -> int:
    """Alarms in windows without drift, each with a reference of its own."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(checks):
        reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
        if by_row:
            reference["group"], window["group"] = [str(row) for row in range(len(reference))], None
        alarms += measure(reference, window, CONFIG).drift
    return alarms


def test_measure_drift__keeps_its_false_alarm_budget(grouped: Frame) -> None:
    """At a budget of 5%, 200 quiet windows give at most the 10 alarms expected and three standard deviations."""
    assert quiet_alarms(grouped, checks=200, by_row=False) <= 10 + 3 * (200 * 0.05 * 0.95) ** 0.5


def test_measure_drift__null_of_single_rows_would_break_the_budget(grouped: Frame) -> None:
    """The same windows against a null of independent rows alarm far beyond the budget."""
    assert quiet_alarms(grouped, checks=50, by_row=True) > 0.3 * 50


def test_measure_drift__keeps_its_budget_without_groups_in_the_reference(grouped: Frame) -> None:
    """Where only traffic says what belongs together, its own blocks tell how alike they are."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        apart, window = grouped(rng, groups=400, size=1), grouped(rng, groups=20)
        alarms += measure(apart, window.rename(columns={"group": "session"}), CONFIG).drift
    assert alarms <= 10 + 3 * (200 * 0.05 * 0.95) ** 0.5


def digit_sessions(rng: np.random.Generator) -> pd.DataFrame:
    """Ten sessions of 20 real digits, each with a mixture of classes of its own: quiet traffic of persons."""
    pool, parts = digits()[1000:], []
    for session in range(10):
        weights = rng.dirichlet(np.full(10, 0.5))[pool["label"]] + 1e-9
        parts.append(pool.sample(20, weights=weights, random_state=rng).assign(session=f"s{session}"))
        pool = pool.drop(parts[-1].index)
    return pd.concat(parts)


@pytest.mark.long
def test_measure_drift__sessions_of_real_digits() -> None:
    """Of 60 windows at a budget of 5% the expected 3 and three deviations may alarm; without sessions many do."""
    rng, known = np.random.default_rng(3), reference()
    windows = [digit_sessions(rng) for _ in range(60)]
    told = sum(measure_drift(known, Window(rows), CONFIG).drift for rows in windows)
    untold = sum(measure_drift(known, Window(rows.drop(columns="session")), CONFIG).drift for rows in windows)
    assert told <= 3 + 3 * (60 * 0.05 * 0.95) ** 0.5
    assert untold > 12


def test_measure_drift__finds_a_shift(grouped: Frame) -> None:
    """A shift of 1.5 standard units alarms in both statistics, with the least p-value there is."""
    rng = np.random.default_rng(1)
    report = measure(grouped(rng, groups=40), grouped(rng, groups=10, shift=1.5), CONFIG)
    assert report.drift
    assert [statistic.alarm for statistic in report.statistics] == [True, True]
    assert report.statistics[0].p_value == pytest.approx(1 / 201)
    assert (report.window_rows, report.reference_rows) == (100, 400)


def test_measure_drift__finds_a_shift_in_many_dimensions(grouped: Frame) -> None:
    """Principal components keep a shift of one among 256 dimensions."""
    rng = np.random.default_rng(1)
    reference, window = grouped(rng, groups=40, dimensions=256), grouped(rng, groups=10, dimensions=256, shift=4)
    assert measure(reference, window, CONFIG).statistics[0].alarm


def test_measure_drift__alarm_is_p_value_is_threshold(grouped: Frame) -> None:
    """An alarm, a value above the threshold and a p-value within half the budget are one and the same."""
    rng = np.random.default_rng(2)
    reference = grouped(rng, groups=40)
    reports = [measure(reference, grouped(rng, groups=10, shift=s), CONFIG) for s in np.linspace(0, 1, 15)]
    statistics = [statistic for report in reports for statistic in report.statistics]
    assert {statistic.alarm for statistic in statistics} == {True, False}
    assert all(s.alarm == (s.value > s.threshold) == (s.p_value <= 0.025) for s in statistics)


def test_measure_drift__same_seed_same_report(grouped: Frame) -> None:
    """The seed decides the null; another seed gives another one."""
    rng = np.random.default_rng(3)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    first = measure(reference, window, CONFIG)
    assert first == measure(reference, window, CONFIG)
    assert first != measure(reference, window, CONFIG.model_copy(update={"seed": 1}))


def test_measure_drift__probabilities_are_held_against_validation_rows_only(grouped: Frame) -> None:
    """Training rows with probabilities of another kind change nothing."""
    rng = np.random.default_rng(4)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    sure = grouped(rng, groups=40).assign(split="train")
    sure["probabilities"] = sure["probabilities"].map(lambda _: np.array([0.0, 1.0]))
    alone = measure(reference, window, CONFIG).statistics[1]
    assert measure(pd.concat([reference, sure]), window, CONFIG).statistics[1] == alone


def test_measure_drift__any_class_of_many_may_alarm(grouped: Frame) -> None:
    """With three classes a shift between the first two is found."""
    rng = np.random.default_rng(5)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10, shift=1.5)
    for frame in (reference, window):
        frame["probabilities"] = frame["probabilities"].map(lambda row: np.append(0.9 * row, 0.1))
    assert measure(reference, window, CONFIG).statistics[1].alarm


def test_measure_drift__few_groups_are_said(grouped: Frame) -> None:
    """With a reference of 6 groups or a window of 3 nothing is said, but what is missing."""
    rng = np.random.default_rng(6)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    report = measure(grouped(rng, groups=6), window, CONFIG)
    assert (report.verdict, report.statistics) == ("cannot judge", ())
    assert "the reference has 6 groups, worth 6 equal ones: needs 2 more groups" in report.needs
    assert "needs 5 more groups" in measure(reference, window[:30], CONFIG).needs


def test_measure_drift__null_is_rescaled_to_the_window(grouped: Frame) -> None:
    """Null windows are 50 of 100 rows both times; for the larger window they count two thirds."""
    rng = np.random.default_rng(6)
    reference, window = grouped(rng, groups=10), grouped(rng, groups=10)
    many = CONFIG.model_copy(update={"resamples": 2000})
    small, large = (measure(reference, rows.assign(group=None), many).statistics for rows in (window[:50], window))
    squared, distance = (np.median(b.null) / np.median(a.null) for a, b in zip(small, large, strict=True))
    assert distance == pytest.approx((2 / 3) ** 0.5, rel=0.05)
    assert squared == pytest.approx(2 / 3, rel=0.1)


def test_measure_drift__failed_rows_are_left_out(grouped: Frame) -> None:
    """Rows without an embedding do not count."""
    rng = np.random.default_rng(6)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    failed = pd.DataFrame({"error": ["cut"], "embedding": [None], "probabilities": [None]})
    assert measure(reference, pd.concat([window, failed]), CONFIG) == measure(reference, window, CONFIG)


def test_measure_drift__nothing_usable(grouped: Frame) -> None:
    """A window without usable rows is one clear error."""
    rng = np.random.default_rng(0)
    with pytest.raises(MonitoringError, match="0 usable rows of 10"):
        measure(grouped(rng, groups=40), grouped(rng, groups=1).assign(error="cut"), CONFIG)


def test_measure_drift__window_of_another_model(grouped: Frame) -> None:
    """Embeddings of another length are one clear error that names both."""
    rng = np.random.default_rng(0)
    with pytest.raises(MonitoringError, match="embedding: 9 values in the window, 8 in the reference"):
        measure(grouped(rng, groups=40), grouped(rng, groups=10, dimensions=9), CONFIG)


def test_measure_drift__reference_without_validation_rows(grouped: Frame) -> None:
    """Without them nothing is said of the probabilities, and the embeddings are judged all the same."""
    rng = np.random.default_rng(0)
    report = measure(grouped(rng, groups=40).assign(split="train"), grouped(rng, groups=10), CONFIG)
    assert report.needs == "probability_ks: needs 24 more validation samples in the reference"
    assert [one.name for one in report.statistics] == ["embedding_mmd2"]


def test_measure_drift__one_signal_is_enough(grouped: Frame) -> None:
    """What only the probabilities show is drift, and so is what only the embeddings show."""
    rng = np.random.default_rng(1)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=10)
    sure = window.assign(probabilities=[np.array([0.01, 0.99])] * len(window))
    moved = grouped(rng, groups=10, shift=3).assign(probabilities=window["probabilities"])
    for rows, alarms in ((window, [False, False]), (sure, [False, True]), (moved, [True, False])):
        found = measure(reference, rows, CONFIG)
        assert ([one.alarm for one in found.statistics], found.drift) == (alarms, any(alarms))


def test_measure_drift__two_rows_are_a_window(grouped: Frame) -> None:
    """Two usable rows can be measured."""
    rng = np.random.default_rng(1)
    assert measure(grouped(rng, groups=40), grouped(rng, groups=1)[:2].assign(group=None), CONFIG).window_rows == 2


def test_measure_drift__large_reference_is_thinned(grouped: Frame) -> None:
    """Beyond 2,000 rows whole groups are left out, so that a null costs no more."""
    rng = np.random.default_rng(1)
    reference, window = grouped(rng, groups=220), grouped(rng, groups=10)
    few = CONFIG.model_copy(update={"resamples": 40})
    found = measure(reference, window, few)
    assert found.reference_rows == 2000
    assert found == measure(thin(reference, seed=few.seed), window, few)


def test_measure_drift__second_look_decides(grouped: Frame) -> None:
    """At a share that takes 999 null windows a first look at 100 ends for quiet windows, and none for a shift."""
    rng = np.random.default_rng(1)
    config = CONFIG.model_copy(update={"false_alarm": 0.002, "resamples": 100})
    reference = grouped(rng, groups=40)
    quiet = measure(reference, grouped(rng, groups=10), config)
    assert [len(one.null) for one in quiet.statistics] == [100, 100]
    moved = measure(reference, grouped(rng, groups=10, shift=2), config)
    assert [(len(one.null), one.alarm) for one in moved.statistics] == [(999, True), (999, True)]


def test_measure_drift__large_window_is_thinned(grouped: Frame) -> None:
    """Of a window of 3,000 rows whole sessions are looked at, 2,000 rows of them."""
    rng = np.random.default_rng(1)
    reference, window = grouped(rng, groups=40), grouped(rng, groups=300).rename(columns={"group": "session"})
    few = CONFIG.model_copy(update={"resamples": 40})
    kept = thin(window, ["session"], seed=few.seed)
    assert (len(kept), set(kept["session"].value_counts())) == (2000, {10})
    found = measure(reference, window, few)
    assert found.statistics == measure(reference, kept, few).statistics


def test_measure_drift__null_windows_of_its_own() -> None:
    """One window draws the same ones whenever it is measured; another window, or another seed, draws others."""
    first, other = Window(traffic(100)), Window(traffic(101)[1:])
    found, again, apart = (measure_drift(reference(), window, CONFIG).statistics[1] for window in (first, first, other))
    seeded = measure_drift(reference(), first, CONFIG.model_copy(update={"seed": 1})).statistics[1]
    assert found.null == again.null
    assert found.null != apart.null  # of answers: what is drawn alone tells them apart
    assert found.null != seeded.null
