"""One outcome for each state of the world."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitoring.controller.decide import RULES, decide
from monitoring.controller.policy import PolicyConfig
from monitoring.controller.state import Evidence, Harm, Past, Verdict
from registry.ledger.watch.checks import Outcome

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUIET = Evidence("ok", "200 usable samples", harm="none")
DRIFT = Evidence("ok", "200 usable samples", drift="embedding_mmd2 0.2500 above 0.1000")
HARMED = replace(QUIET, harm="much", performance="accuracy 0.70 (0.60 to 0.78), 0.92 were expected")
WORSE = replace(QUIET, regression="v3 is surely worse than v2")
PAST = Past(NOW, way_back=2)
AUTO = PolicyConfig()

EACH = [
    (Evidence("skew", "other spec"), PAST, AUTO, "skew", "other spec"),
    (replace(DRIFT, verdict="broken data", told="stuck"), PAST, AUTO, "broken data", "stuck"),
    (WORSE, Past(NOW), AUTO, "hold", "v3 is surely worse than v2, but there is no version to return to"),
    (WORSE, PAST, PolicyConfig(mode="observe"), "hold", "v3 is surely worse than v2, but policy.mode is observe"),
    (WORSE, PAST, PolicyConfig(mode="approve"), "hold", "back to v2; policy.mode is approve: `regraft alerts DOMAIN"),
    (WORSE, replace(PAST, muted=NOW + timedelta(hours=1)), AUTO, "hold", "muted until 2026-05-01 13:00 UTC"),
    (WORSE, PAST, AUTO, "rollback", "v3 is surely worse than v2: back to v2"),
    (WORSE, replace(PAST, idle=9, under_way="it runs"), PolicyConfig(quiet="0-23"), "rollback", "back to v2"),
    (Evidence("cannot judge", "12 usable samples"), PAST, AUTO, "cannot judge", "12 usable samples"),
    (replace(HARMED, verdict="cannot judge"), PAST, AUTO, "retrain", HARMED.performance),
    (QUIET, PAST, AUTO, "ok", "no drift"),
    (replace(QUIET, performance="accuracy 0.91"), PAST, AUTO, "ok", "no drift. accuracy 0.91"),
    (replace(DRIFT, harm="small"), PAST, AUTO, "watch", f"{DRIFT.drift}; that costs little: watched"),
    (replace(DRIFT, harm="none"), PAST, AUTO, "watch", "that costs little"),
    (replace(DRIFT, harm="none"), PAST, PolicyConfig(retrain_on="drift"), "retrain", DRIFT.drift),
    (DRIFT, PAST, PolicyConfig(suspect=2, of=3), "watch", "in 1 of the last 3 windows, 2 are needed"),
    (DRIFT, replace(PAST, suspects=(True, False)), PolicyConfig(suspect=2, of=3), "retrain", DRIFT.drift),
    (DRIFT, replace(PAST, suspects=(True, False, False)), PolicyConfig(suspect=2, of=3), "watch", "in 1 of"),
    (DRIFT, PAST, PolicyConfig(mode="observe"), "hold", f"{DRIFT.drift}, but policy.mode is observe"),
    (DRIFT, PAST, PolicyConfig(mode="approve"), "hold", f"{DRIFT.drift}; policy.mode is approve: `regraft alerts"),
    (DRIFT, replace(PAST, idle=5), PolicyConfig(mode="approve"), "hold", "the last 5 retrains changed nothing"),
    (DRIFT, replace(PAST, under_way="a retrain runs"), AUTO, "watch", f"{DRIFT.drift}; a retrain runs"),
    (DRIFT, replace(PAST, idle=5), AUTO, "hold", "the last 5 retrains changed nothing: a person must look"),
    (DRIFT, replace(PAST, muted=NOW), AUTO, "retrain", DRIFT.drift),
    (DRIFT, PAST, AUTO, "retrain", DRIFT.drift),
    (HARMED, PAST, AUTO, "retrain", HARMED.performance),
]  # fmt: skip


@pytest.mark.parametrize(("found", "past", "policy", "outcome", "reason"), EACH)
def test_decide__each_rule(found: Evidence, past: Past, policy: PolicyConfig, outcome: Outcome, reason: str) -> None:
    """Every rule decides where it should, and says why."""
    decided = decide(found, past, policy)
    assert (decided.outcome, reason in decided.reason) == (outcome, True), decided


def test_rules__each_decides_somewhere() -> None:
    """No rule stands there in vain."""
    assert {rule.outcome for rule in RULES} == {*get_args(Outcome)}
    reached = {next(rule for rule in RULES if rule.reason(_case(*one[:3]))) for one in EACH}
    assert reached == {*RULES}


@pytest.mark.parametrize(
    ("found", "past", "asks"),
    [
        (DRIFT, PAST, "retrain"), (WORSE, PAST, "rollback"), (WORSE, Past(NOW), ""), (QUIET, PAST, ""),
        (DRIFT, replace(PAST, idle=5), ""), (DRIFT, replace(PAST, under_way="it runs"), ""),
        (DRIFT, replace(PAST, muted=NOW + timedelta(hours=1)), ""), (replace(DRIFT, harm="none"), PAST, ""),
    ],
)  # fmt: skip
def test_decide__asks(found: Evidence, past: Past, asks: str) -> None:
    """Of a person only what the controller would do by itself, and only where it may not."""
    assert decide(found, past, PolicyConfig(mode="approve")).asks == asks
    for mode in ("auto", "observe"):
        assert decide(found, past, PolicyConfig(mode=mode)).asks == ""


def _case(found, past, policy):
    from monitoring.controller.state import Case

    return Case(found, past, policy)


TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  -- the strategy adds it
FOUND = st.builds(
    Evidence, st.sampled_from(get_args(Verdict)), st.just("told"), st.sampled_from(["", "drift"]),
    st.sampled_from(get_args(Harm)), st.just(""), st.sampled_from(["", "worse"]),
)  # fmt: skip
PASTS = st.builds(
    Past, TIMES, st.integers(0, 23), st.lists(st.booleans(), max_size=6), st.lists(TIMES, max_size=12),
    st.integers(0, 5000), st.none() | TIMES, st.integers(0, 9), st.none() | st.integers(1, 9), st.none() | TIMES,
    st.sampled_from(["", "a retrain runs"]),
)  # fmt: skip
POLICIES = st.builds(
    PolicyConfig, mode=st.sampled_from(["auto", "approve", "observe"]), retrain_on=st.sampled_from(["harm", "drift"]),
    suspect=st.integers(1, 3), of=st.integers(3, 6), cooldown_hours=st.floats(0, 1000), per_week=st.integers(1, 9),
    new_labels=st.integers(0, 9), backoff_hours=st.floats(0, 1000), breaker=st.integers(1, 9000),
    quiet=st.sampled_from(["", "22-06", "0-23"]),
)  # fmt: skip


@given(FOUND, PASTS, POLICIES)
def test_decide__always_one_and_never_too_much(found: Evidence, past: Past, policy: PolicyConfig) -> None:
    """Whatever came, something is decided; broken data starts nothing; what acts was allowed to."""
    decided = decide(found, past, policy)
    assert decided.reason
    acts = decided.outcome in {"retrain", "rollback"}
    if found.verdict in {"skew", "broken data"}:
        assert decided.outcome == found.verdict
    if acts:
        assert policy.mode == "auto"
        assert past.muted is None or past.muted <= past.now
        assert found.suspect
    if decided.outcome == "rollback":
        assert past.way_back is not None
    if decided.outcome == "retrain":
        recent = [one for one in past.retrains if past.now - timedelta(days=7) < one <= past.now]
        assert len(recent) < policy.per_week
        assert past.idle < policy.breaker
        assert past.hour not in policy.quiet_hours
        assert not past.under_way
        assert all(past.now - one >= timedelta(hours=policy.cooldown_hours) for one in past.retrains if one <= past.now)
    if not found.suspect:
        assert decided.outcome in {"ok", "cannot judge", "skew", "broken data"}


def test_rules__as_the_page_lists_them() -> None:
    """The table of docs/monitoring.md is that of the rules, in their order; its YAML is a policy of all defaults."""
    page = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text()
    assert "\n".join(f"| {rule.outcome} | {rule.when} |" for rule in RULES) in page
    (block,) = re.findall(r"```yaml\n(monitoring:.*?)```", page, re.DOTALL)
    told = yaml.safe_load(block)["monitoring"]["policy"]
    assert {*told} == {*PolicyConfig.model_fields}
    assert PolicyConfig.model_validate(told) == PolicyConfig()
