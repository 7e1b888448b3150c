"""The year as each way to retrain lives through it; Regraft's own is its controller with its signals and estimates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from bench.year.models import PERFORMANCE, START, Model, judged, time_of, trained
from bench.year.world import A_DAY, DAYS, PHASES, STUCK, Integers, World
from monitoring.broken.sign import Scene
from monitoring.config import MonitoringConfig
from monitoring.controller.decide import MonitorDecision, decide
from monitoring.controller.policy import PolicyConfig
from monitoring.controller.state import Evidence, Past
from monitoring.drift import measure_drift
from monitoring.performance.measure import measure_performance
from monitoring.triage import triage
from monitoring.windows import Window
from registry.gate.config import CanaryConfig
from registry.gate.decision import Decision
from serving.canary.judging import judge
from serving.canary.pairs import Pairs

EVERY, MONTH, REST = 4, 30, 7  # days: between checks, of the schedule, of rest after a retrain on any drift
RESET = 7  # days after which a person looks at a breaker
LOOKS = 10  # after which a person draws a fresh test set
CONFIG = MonitoringConfig(min_window=80)


@dataclass
class Course:
    """How a year goes.

    Attributes:
        world: what comes.
        champion: in production, since `since`, after `before`, by `decision`.
        right: whether each sample of the traffic was answered rightly.
        events: day, what happened, and why.
    """

    world: World
    champion: Model
    since: int = 0
    before: Model | None = None
    decision: Decision | None = None
    withheld: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    right: list[bool] = field(default_factory=list)
    events: list[tuple[int, str, str]] = field(default_factory=list)
    suspects: list[bool] = field(default_factory=list)
    idle: int = 0
    looks: int = 0
    reset: int = 0

    def retrains(self) -> list[int]:
        """Days on which one began."""
        return [day for day, what, _ in self.events if what.startswith("retrain")]

    def replace(self, model: Model, day: int, decision: Decision | None = None) -> None:
        """Puts another version into production from the next day on."""
        self.before, self.champion, self.since, self.decision = self.champion, model, day + 1, decision
        self.suspects.clear()

    def rows(self, day: int) -> Integers:
        """What the champion has answered by the end of a day."""
        return np.flatnonzero((self.world.day >= self.since) & (self.world.day <= day))


Strategy = Callable[[Course, int], None]


def course_of(world: World, strategy: Strategy) -> Course:
    """Lives through the year."""
    nothing = np.zeros(len(world.day), bool)
    course = Course(world, trained(world, -1, nothing), withheld=nothing)
    for day in range(DAYS):
        rows = np.flatnonzero(world.day == day)
        course.right += list(course.champion.answers(rows).argmax(axis=1) == world.truth[rows])
        strategy(course, day)
    return course


def never(course: Course, day: int) -> None:
    """The first model stays."""


def scheduled(course: Course, day: int) -> None:
    """Once a month, whatever comes of it is served."""
    if day % MONTH == MONTH - 1:
        course.events.append((day, "retrain", "a month is over"))
        course.replace(trained(course.world, day, course.withheld), day)


def on_drift(course: Course, day: int) -> None:
    """On any drift, but not oftener than once a week; whatever comes of it is served."""
    if day % EVERY or any(day - last < REST for last in course.retrains()):
        return
    drift = _evidence(course, day, health=False).drift
    if drift:
        course.events.append((day, "retrain", drift))
        course.replace(trained(course.world, day, course.withheld), day)


def by_policy(course: Course, day: int, policy: PolicyConfig) -> None:
    """The controller, the gate, the rollback; a person resets the breaker and draws test sets."""
    if day % EVERY:
        return
    found = _evidence(course, day)
    decision = decide(found, _past(course, day), policy)
    course.suspects.append(found.suspect)
    if decision.outcome == "rollback" and course.before:
        _roll_back(course, day, decision)
    elif decision.outcome == "retrain":
        _retrain(course, day, decision)
    else:
        course.events.append((day, decision.outcome, decision.reason))
    if course.idle >= policy.breaker and course.reset < day - RESET:
        course.idle, course.reset = 0, day
        course.events.append((day, "reset", "a person looked at the breaker"))


def _retrain(course: Course, day: int, decision: MonitorDecision) -> None:
    """A challenger meets the champion."""
    challenger = trained(course.world, day, course.withheld)
    course.looks = course.looks % LOOKS + 1
    verdict = judged(challenger, course.champion, course.looks)
    course.events.append((day, f"retrain {verdict.outcome}", decision.reason))
    course.idle = 0 if verdict.outcome == "PROMOTE" else course.idle + 1
    if verdict.outcome == "PROMOTE":
        course.replace(challenger, day, verdict)


def _roll_back(course: Course, day: int, decision: MonitorDecision) -> None:
    """The earlier version returns; the window is kept out of training, and a person releases it never."""
    course.withheld[course.rows(day)[-CONFIG.window :]] = True
    course.events.append((day, "rollback", decision.reason))
    assert course.before is not None  # noqa: S101 - a rollback has a way back
    course.replace(course.before, day)
    course.before = None


def _past(course: Course, day: int) -> Past:
    """What the controller knows of what came before."""
    times = [time_of(one) for one in course.retrains()]
    last = course.retrains()[-1] if times else -1
    labels = int(((course.world.came > last) & (course.world.came <= day)).sum())
    return Past(
        now=time_of(day),
        suspects=course.suspects,
        retrains=times,
        idle=course.idle,
        tried=times[-1] if times else None,
        labels=labels,
        way_back=1 if course.before else None,
    )


def _evidence(course: Course, day: int, *, health: bool = True) -> Evidence:
    """What a check finds; without `health` only what drifted."""
    model, rows = course.champion, course.rows(day)
    window = Window(model.log(rows[-CONFIG.window :], day), START + timedelta(days=course.since))
    fit = triage(Scene(window, model.reference, CONFIG, time_of(day), window.rows["time"]))
    if (health and fit.verdict != "ok") or len(window.usable) < CONFIG.min_window:
        return Evidence(fit.verdict, fit.reason)
    report = measure_drift(model.reference, window, CONFIG)
    alarms = [one.name for one in report.statistics if one.alarm]
    drift = f"drift: {', '.join(alarms)}" if alarms else ""
    if not health:
        return Evidence("ok", fit.reason, drift)
    logs = (model.log(part, day) for part in np.array_split(rows, max(1, len(rows) // 1000)))
    found = measure_performance(
        model.reference, window, logs, model.expectation, PERFORMANCE, now=time_of(day), validation=model.validation
    )
    return Evidence("ok", fit.reason, drift, found.harm, found.told, _regression(course, rows, day))


def _regression(course: Course, rows: Integers, day: int) -> str:
    """In what the champion is worse than the version before it, on the same labelled traffic, while it is new."""
    baking = timedelta(hours=PolicyConfig().baking_hours)
    if course.before is None or course.decision is None or timedelta(days=day - course.since) > baking:
        return ""
    world = course.world
    known = rows[world.known(day)[rows]]
    known = known[np.argsort(world.came[known], kind="stable")]
    right = [model.answers(known).argmax(axis=1) == world.label[known] for model in (course.champion, course.before)]
    gains = right[0].astype(float) - right[1].astype(float) if len(known) else np.zeros(0)
    finding = judge(Pairs(np.zeros(0), gains, np.zeros(0), len(rows), 0), course.decision, CanaryConfig(), 0.0)
    return finding.reason if finding.end == "WITHDRAW" else ""


STRATEGIES: dict[str, Strategy] = {
    "never": never,
    "schedule": scheduled,
    "drift": on_drift,
    "regraft": partial(by_policy, policy=PolicyConfig()),
    "eager": partial(by_policy, policy=PolicyConfig(retrain_on="drift")),
}


def summary(course: Course) -> dict[str, object]:
    """Daily accuracy, and what was done on which day; a stuck camera's days count for nobody."""
    right = np.array(course.right).reshape(DAYS, A_DAY).mean(axis=1)
    counted = np.array([not STUCK.holds(day) for day in range(DAYS)])
    retrains = course.retrains()
    return {
        "accuracy": float(right[counted].mean()),
        "daily": [float(one) for one in right],
        "phases": {phase.name: float(right[phase.first : phase.last + 1].mean()) for phase in PHASES},
        "retrains": retrains,
        "false": [day for day in retrains if not any(phase.helps and phase.holds(day) for phase in PHASES)],
        "rollbacks": [day for day, what, _ in course.events if what == "rollback"],
        "promoted": [day for day, what, _ in course.events if what in {"retrain", "retrain PROMOTE"}],
        "calls": sum(what in {"hold", "broken data", "reset", "rollback"} for _, what, _ in course.events),
        "events": [list(event) for event in course.events],
    }
