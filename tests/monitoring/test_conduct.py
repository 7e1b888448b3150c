"""A new champion that breaks a bound is found out; one that keeps them is left alone, however often one looks."""

import numpy as np
import pandas as pd
import pytest

from monitoring import conduct as module
from monitoring.conduct import Conduct, conduct_of, misconduct
from registry.gate.config import CanaryConfig

PLAN, LEVEL = CanaryConfig(), 0.95
NONE = np.zeros(0)


def rows(count: int, **columns: object) -> pd.DataFrame:
    """Rows of the log."""
    nothing = {
        "error": None,
        "abstained": False,
        "latency_ms": 10.0,
        "group": None,
        "session": None,
        "slot": "champion",
    }
    ids = [f"{number}" for number in range(count)]
    return pd.DataFrame({"id": ids, "time": pd.Timestamp("2026-05-01", tz="UTC"), **nothing, **columns})


def test_conduct_of__the_first_of_each_session() -> None:
    """Of a session or group one sample counts, in whichever part; a sample without any counts itself."""
    part = rows(5, session=["a", "a", None, None, ""], group=[None, None, "g", "g", ""], latency_ms=[1.0, 2, 3, 4, 5])
    assert conduct_of([part, part]).taken.tolist() == [1.0, 3.0, 5.0]


def test_conduct_of__what_is_counted() -> None:
    """Failures of all, the rest of answered samples; shadows and canaries are others."""
    found = conduct_of([
        rows(4, error=["broken", None, None, None], abstained=[None, True, False, None],
             slot=["champion"] * 3 + ["shadow"])
    ])  # fmt: skip
    assert found.failed.tolist() == [1, 0, 0]
    assert found.abstained.tolist() == [1, 0]
    assert found.taken.tolist() == [10, 10]
    assert len(conduct_of([]).failed) == len(conduct_of([rows(0)]).failed) == 0


def test_conduct_of__no_more_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones; parts behind them are not even read."""
    monkeypatch.setattr(module, "MOST", 3)

    def parts():
        yield rows(2, latency_ms=1.0)
        yield rows(9, latency_ms=2.0)
        raise AssertionError("it has enough")

    assert conduct_of(parts()).taken.tolist() == [1, 1, 2]


def of(share: float, count: int = 1000, **other: object) -> Conduct:
    """Conduct with so many failures, evenly spread."""
    failed = (np.arange(count) * share % 1 + share >= 1 - 1e-9).astype(float)
    return Conduct(**({"failed": failed, "abstained": NONE, "taken": NONE} | other))


@pytest.mark.parametrize(("before", "now", "broken"), [(0.0, 0.1, True), (0.0, 0.012, False), (0.1, 0.105, False)])
def test_misconduct__failures(before: float, now: float, broken: bool) -> None:
    """What is usual and one point more is borne."""
    found = misconduct(of(before), of(now), PLAN, LEVEL)
    assert bool(found) == broken
    if broken:
        assert found == "it fails on 10.0 % of 1000, 0.0 % of 1000 before; 1 points more are borne"


def test_misconduct__little_is_known_of_before() -> None:
    """Ten samples without a failure do not say that failures are rare; none say nothing, nor do all that fail."""
    assert misconduct(of(0.0, 10), of(0.3, 200), PLAN, LEVEL) == ""
    assert misconduct(of(0.0, 0), of(1.0), PLAN, LEVEL) == ""
    assert misconduct(of(1.0), of(1.0), PLAN, LEVEL) == ""
    assert misconduct(of(0.0), of(0.0, 0), PLAN, LEVEL) == ""


def test_misconduct__abstentions() -> None:
    """Five points more are borne."""
    usual, often = np.tile([1.0, 0, 0, 0, 0], 200), np.tile([1.0, 1, 0, 0, 0], 200)
    before = Conduct(NONE, usual, NONE)
    assert "it abstains on 40.0 % of 1000, 20.0 % of 1000 before" in misconduct(
        before, Conduct(NONE, often, NONE), PLAN, LEVEL
    )
    assert misconduct(before, before, PLAN, LEVEL) == ""


@pytest.mark.parametrize(("times", "count", "broken"), [(4.0, 1000, True), (2.5, 1000, False), (4.0, 4, False)])
def test_misconduct__time(times: float, count: int, broken: bool) -> None:
    """Three times the usual time is borne; some that take long are usual."""
    usual = np.where(np.arange(count) % 10 == 0, 500.0, 10.0)
    found = misconduct(Conduct(NONE, NONE, usual), Conduct(NONE, NONE, usual * times), PLAN, LEVEL)
    assert bool(found) == broken
    if broken:
        assert found == "it takes 40 ms in the middle of 1000, 10 before; 3 times are borne"


def test_misconduct__quiet_champions() -> None:
    """Of 200 that are as the one before, all bounds together, hardly any is accused at any time."""
    random, accused = np.random.default_rng(0), 0
    for _ in range(200):
        before, now = (
            Conduct((random.random(400) < 0.05) * 1.0, (random.random(400) < 0.1) * 1.0, random.lognormal(size=400))
            for _ in range(2)
        )
        accused += bool(misconduct(before, now, PLAN, LEVEL))
    assert accused <= 2


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_misconduct__at_the_bound(share: float) -> None:
    """One that is just at what is borne is accused no oftener than declared, looked at all the time."""
    random, accused = np.random.default_rng(1), 0
    for _ in range(200):
        before = (random.random(400) < 0.05) * 1.0
        now = (random.random(1000) < 0.05 + share * PLAN.max_faults) * 1.0
        accused += bool(misconduct(Conduct(before, NONE, NONE), Conduct(now, NONE, NONE), PLAN, LEVEL))
    assert accused <= 0.05 * 200


def test_conduct_of__a_session_before_a_group() -> None:
    """Samples of one session are one, of whichever groups they are."""
    part = rows(4, session=["a", "a", "b", "b"], group=["g", "h", "g", "h"], latency_ms=[1.0, 2, 3, 4])
    assert conduct_of([part]).taken.tolist() == [1.0, 3.0]


def test_misconduct__proof_is_that_of_six_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 95% each of three bounds and two sides has 1/120: evidence of 120 is proof, and less is none."""
    for evidence, told in ((120.1, True), (119.9, False)):
        monkeypatch.setattr(module, "evidence_above", lambda *_, found=evidence: found)
        assert bool(misconduct(of(0.0), of(0.5), PLAN, LEVEL)) == told


def test_misconduct__what_few_samples_say_of_the_usual_time() -> None:
    """Of ten samples the middle is not known: their slowest may be usual, and three times that is borne."""
    before = Conduct(NONE, NONE, np.array([10.0] * 6 + [90.0] * 4))
    assert misconduct(before, Conduct(NONE, NONE, np.full(400, 200.0)), PLAN, LEVEL) == ""
