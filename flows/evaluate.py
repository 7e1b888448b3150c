"""Evaluate: a version against the champion, on the same test samples in the same run."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.verdicts import Verdict
from tasks.domain import load_domain
from tasks.events import announce_stress, owed_stress
from tasks.judging.evaluate import Contestant, find_champion, refuse_champion
from tasks.judging.evaluate import evaluate as judge
from tasks.judging.gate import Rivals, gate
from tasks.judging.promote import find_best
from tasks.judging.stress import stress
from tasks.making.prepare import preprocess
from tasks.plan import Plan


@flow(name="evaluate", flow_run_name="evaluate {domain} v{version}")
def evaluate(domain: str, version: int) -> Verdict:
    """Judges a version on the present test split and lets the gate decide."""
    config = load_domain(domain)
    refuse_champion(domain, version)
    with domain_lease(domain, "evaluate"):
        plan = Plan(config, preprocess(config))
        verdict = evaluate_version(plan, version)
        announce_stress(domain, version)
    stress_owed(plan)
    return verdict


def evaluate_version(plan: Plan, version: int, parent: str | None = None) -> Verdict:
    """The steps of `evaluate` that decide."""
    rival = find_champion(plan.name)
    challenger = judge(plan, Contestant(version, "challenger", parent))
    if rival is None:
        return gate(plan, Rivals(challenger))
    best = find_best(plan.name, rival)
    holder = judge(plan, Contestant(rival, "champion", parent))
    return gate(plan, Rivals(challenger, holder, judge(plan, Contestant(best, "best", parent)) if best else None))


def stress_owed(plan: Plan) -> None:
    """The step that only reports, for after the decision: also of versions whose stress test was cut off before.

    A failed one is told by `status` and seen in the UI; it stops nothing.
    """
    for version in owed_stress(plan.name):
        stress(plan, version, return_state=True)
