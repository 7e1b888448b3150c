"""The year: what happens in it, how each way to retrain lives through it, and what is told of it."""

import numpy as np
import pytest

from bench.year.course import CONFIG, STRATEGIES, Course, _roll_back, course_of, never, on_drift, scheduled, summary
from bench.year.models import MOST, trained
from bench.year.ways import cells, figure, section
from bench.year.world import A_DAY, DAYS, DIM, FIRST, FOG, NEWCOMER, NOISE, PHASES, STUCK, World, _labelled, load_world
from monitoring.controller.decide import MonitorDecision


def made(seed: int = 0) -> World:
    """A small world of ten clouds in a plane of eight numbers; in the fog they move."""
    random, before = np.random.default_rng(seed), sum(FIRST.values())
    days = np.repeat(np.arange(-1, DAYS), [before, *[A_DAY] * DAYS])
    truth = random.integers(9, size=len(days))
    truth[(days >= NEWCOMER.first) & (random.random(len(days)) < 0.2)] = 9
    centres = np.random.default_rng(9).normal(size=(10, 8)) * 2
    seen = centres[truth] + random.normal(size=(len(days), 8))
    seen[(days >= FOG.first) & (days <= DIM.last)] += 3 * np.eye(8)[0]
    pixels = np.zeros((len(days), 1, 1, 1)) + random.random(len(days))[:, None, None, None]
    places = iter([seen[part] for part in np.array_split(np.arange(len(days)), max(1, len(days) // 256))])
    return _labelled(days, np.arange(len(days)), truth, pixels, lambda _: next(places), random)


@pytest.fixture(scope="module")
def world() -> World:
    """One of them."""
    return made()


def test_labelled__as_labels_come(world):
    """Half, two to six days later; wrong in the burst alone; a stuck camera has one content."""
    traffic = world.day >= 0
    assert abs(np.isfinite(world.came[traffic]).mean() - 0.5) < 0.02
    waits = (world.came - world.day)[traffic & np.isfinite(world.came)]
    assert (waits.min(), waits.max()) == (2, 6)
    burst = (world.day >= NOISE.first) & (world.day <= NOISE.last)
    assert (world.label[~burst] == world.truth[~burst]).all()
    assert abs((world.label[burst] != world.truth[burst]).mean() - 0.6) < 0.05
    stuck = (world.day >= STUCK.first) & (world.day <= STUCK.last)
    assert len(set(world.content[stuck])) == 1
    assert len(set(world.content[~stuck])) == (~stuck).sum()
    assert [(world.split[world.day < 0] == name).sum() for name in FIRST] == [*FIRST.values()]


def test_phases__one_after_the_other():
    """None overlaps another, all lie within the year."""
    ends = [end for phase in PHASES for end in (phase.first, phase.last)]
    assert ends == sorted(ends)
    assert (ends[0] > 0, ends[-1] < DAYS) == (True, True)


def test_trained__on_what_is_known(world):
    """Labels that have come, each content once, without what is withheld; a class once there is enough."""
    nothing = np.zeros(len(world.day), bool)
    first = trained(world, -1, nothing)
    assert world.day[first.learned].max() == -1
    assert first.unknown == ("9",)
    later = trained(world, DAYS, nothing)
    assert later.unknown == ()
    assert len({*world.content[later.learned]}) == len(later.learned)
    assert not {*later.learned} & {*later.judged}
    assert len(later.learned) + len(later.judged) <= MOST
    out = np.zeros(len(world.day), bool)
    out[later.learned[-50:]] = True
    assert not {*np.flatnonzero(out)} & {*trained(world, DAYS, out).learned}


@pytest.mark.parametrize(("strategy", "least", "most"), [(never, 0, 0), (scheduled, 12, 12), (on_drift, 2, 52)])
def test_course_of__without_gate(world, strategy, least, most, monkeypatch):
    """Never, a dozen times, or whenever something drifts, and not twice a week."""
    monkeypatch.setattr("bench.year.course.CONFIG", CONFIG.model_copy(update={"resamples": 200}))
    monkeypatch.setattr("bench.year.course.EVERY", 10)
    found = summary(course_of(world, strategy))
    assert least <= len(found["retrains"]) <= most
    assert len(found["daily"]) == DAYS
    assert found["promoted"] == found["retrains"]
    if strategy is scheduled:
        assert found["phases"]["mounted askew"] > summary(course_of(world, never))["phases"]["mounted askew"]


@pytest.mark.long
def test_course_of__regraft(world, monkeypatch):
    """It retrains for what costs something, and tells why."""
    monkeypatch.setattr("bench.year.course.EVERY", 10)
    course = course_of(world, STRATEGIES["regraft"])
    found = summary(course)
    assert found["retrains"]
    assert all(reason for _, what, reason in course.events if what.startswith("retrain"))
    assert found["accuracy"] > summary(course_of(world, never))["accuracy"]


def test_roll_back__keeps_out(world):
    """The earlier version returns, and what led there is learned from no more."""
    nothing = np.zeros(len(world.day), bool)
    first, second = (trained(world, day, nothing) for day in (-1, 20))
    course = Course(world, first, withheld=nothing.copy())
    course.replace(second, 20)
    _roll_back(course, 30, MonitorDecision("rollback", "worse"))
    assert course.champion is first
    assert course.before is None
    assert (course.withheld.sum(), course.events) == (200, [(30, "rollback", "worse")])


def test_summary__false_retrains(world):
    """Those that began where none could help."""
    course = Course(world, trained(world, -1, np.zeros(len(world.day), bool)), right=[True] * DAYS * A_DAY)
    course.events += [(5, "retrain HOLD", ""), (FOG.first, "retrain PROMOTE", ""), (NOISE.first, "retrain", "")]
    found = summary(course)
    assert (found["retrains"], found["false"]) == ([5, FOG.first, NOISE.first], [5, NOISE.first])
    assert found["promoted"] == [FOG.first, NOISE.first]
    assert found["accuracy"] == 1.0


def test_section__tables_and_figure():
    """A row a strategy, a column a strategy in the table of what happens; what was not run says so."""
    values = {"accuracy": 0.8, "daily": [0.8] * DAYS, "phases": {phase.name: 0.7 for phase in PHASES},
              "retrains": [5, 40], "false": [5], "rollbacks": [50], "promoted": [40], "calls": 3, "events": [],
              "cpu": 13.0}  # fmt: skip
    results = {"regraft/0": {"values": values}}
    told = section(results)
    assert "| Regraft | 80.0% | 2 | 1 | 1 | 3 | 13 |" in told
    assert "| never | not run |" in told
    assert "| wrong labels | 182 to 200 | not run | not run | not run | 70.0% | not run |" in told
    assert STUCK.name not in told.split("Accuracy by what happened")[1]
    drawn = figure(results)
    above, below = drawn.axes
    assert [line.get_label() for line in above.lines] == ["Regraft"]
    assert len(below.collections) >= 2


def test_cells__all():
    """Each strategy in each year."""
    assert [one.name for one in cells("x")] == ["never/0", "schedule/0", "drift/0", "regraft/0", "eager/0"]


def test_load_world__is_kept(tmp_path, monkeypatch):
    """A year is made once."""
    calls = []
    monkeypatch.setattr("bench.year.world._made", lambda *args: calls.append(args) or made())
    first, second = (load_world(tmp_path, tmp_path, 3) for _ in range(2))
    assert len(calls) == 1
    assert np.allclose(first.features, second.features)
