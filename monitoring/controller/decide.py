"""The rules of the controller, in their order: the first one that has a reason decides."""

from collections.abc import Callable
from dataclasses import dataclass

from monitoring.controller.held import asks_a_person, kept_still, retrain_held
from monitoring.controller.policy import PolicyConfig
from monitoring.controller.state import Case, Evidence, Past
from registry.ledger.watch.checks import Action, Outcome


@dataclass(frozen=True)
class MonitorDecision:
    """What follows from a check, why, and what a person is asked to agree to."""

    outcome: Outcome
    reason: str
    asks: Action = ""


@dataclass(frozen=True)
class Rule:
    """An outcome, when it is come to, for people, and the reason for it; empty: the rule has nothing to say.

    `asks` is what a person is asked to agree to.
    """

    outcome: Outcome
    when: str
    reason: Callable[[Case], str]
    asks: Action = ""


def decide(found: Evidence, past: Past, policy: PolicyConfig) -> MonitorDecision:
    """What follows from what was found; the reason of a retrain or a hold begins with what drifted or is worse."""
    case = Case(found, past, policy)
    return next(MonitorDecision(rule.outcome, reason, rule.asks) for rule in RULES if (reason := rule.reason(case)))


def _skew(case: Case) -> str:
    return case.found.told if case.found.verdict == "skew" else ""


def _broken(case: Case) -> str:
    return case.found.told if case.found.verdict == "broken data" else ""


def _no_way_back(case: Case) -> str:
    worse = case.found.regression
    return f"{worse}, but there is no version to return to" if worse and case.past.way_back is None else ""


def _rollback_held(case: Case) -> str:
    held = kept_still(case)
    return f"{case.found.regression}, but {held}" if case.found.regression and held else ""


def _rollback_asked(case: Case) -> str:
    asked = asks_a_person(case)
    return f"{case.found.regression}: back to v{case.past.way_back}; {asked}" if case.found.regression and asked else ""


def _rollback(case: Case) -> str:
    return f"{case.found.regression}: back to v{case.past.way_back}" if case.found.regression else ""


def _cannot_judge(case: Case) -> str:
    return case.found.told if case.found.verdict == "cannot judge" and case.found.harm != "much" else ""


def _ok(case: Case) -> str:
    return "" if case.found.suspect else ". ".join(filter(None, ["no drift", case.found.performance]))


def _harmless(case: Case) -> str:
    known = case.found.harm in {"none", "small"} and case.policy.retrain_on == "harm"
    return f"{_why(case)}; that costs little: watched" if known else ""


def _not_yet(case: Case) -> str:
    policy = case.policy
    looked = [*case.past.suspects, True][-policy.of :]
    few = sum(looked) < policy.suspect
    return f"{_why(case)}; in {sum(looked)} of the last {policy.of} windows, {policy.suspect} are needed" if few else ""


def _under_way(case: Case) -> str:
    under_way = case.past.under_way
    return f"{_why(case)}; {under_way}" if under_way else ""


def _retrain_held(case: Case) -> str:
    held = retrain_held(case)
    return f"{_why(case)}, but {held}" if held else ""


def _retrain_asked(case: Case) -> str:
    asked = asks_a_person(case)
    return f"{_why(case)}; {asked}" if asked else ""


def _retrain(case: Case) -> str:
    return _why(case)


def _why(case: Case) -> str:
    """What was found, for people."""
    return (
        ". ".join(filter(None, [case.found.drift, case.found.performance])) or "the champion does worse than expected"
    )


RULES = (
    Rule("skew", "samples were read by another spec than the champion's", _skew),
    Rule("broken data", "the source is broken: unreadable, stuck, dark, silent, of another size", _broken),
    Rule("hold", "a new champion is worse than the one before it, and there is nothing to return to", _no_way_back),
    Rule("hold", "the same, but the controller is muted or `mode` is observe", _rollback_held),
    Rule("hold", "the same, and `mode` is approve: a person is asked", _rollback_asked, "rollback"),
    Rule("rollback", "a new champion is worse than the one before it", _rollback),
    Rule("cannot judge", "too little traffic, and the labels show no harm", _cannot_judge),
    Rule("ok", "neither drift nor harm", _ok),
    Rule("watch", "drift whose cost is known to be small, with `retrain_on: harm`", _harmless),
    Rule("watch", "drift or harm in fewer than `suspect` of the last `of` windows", _not_yet),
    Rule("watch", "drift or harm for which a retrain is under way", _under_way),
    Rule("hold", "muted, observe, breaker, cooldown, back-off, budget, too few labels, or quiet hours", _retrain_held),
    Rule("hold", "drift or harm, and `mode` is approve: a person is asked", _retrain_asked, "retrain"),
    Rule("retrain", "drift or harm", _retrain),
)
