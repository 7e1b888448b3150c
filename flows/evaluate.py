"""Evaluate: a version against the champion, on the same test samples in the same run."""

from prefect import flow

from tasks.domain import load_domain
from tasks.evaluate import Contestant, Verdict, find_champion, refuse_champion
from tasks.evaluate import evaluate as judge
from tasks.gate import Pair, gate
from tasks.plan import Plan
from tasks.prepare import preprocess
from tasks.stress import stress


@flow(name="evaluate", flow_run_name="evaluate {domain} v{version}")
def evaluate(domain: str, version: int) -> Verdict:
    """Judges a version on the present test split and lets the gate decide."""
    config = load_domain(domain)
    refuse_champion(domain, version)
    return evaluate_version(Plan(config, preprocess(config)), version)


def evaluate_version(plan: Plan, version: int, parent: str | None = None) -> Verdict:
    """The steps of `evaluate`."""
    rival = find_champion(plan.name)
    challenger = judge(plan, Contestant(version, "challenger", parent))
    holder = judge(plan, Contestant(rival, "champion", parent)) if rival else None
    verdict = gate(plan, Pair(challenger, holder))
    # A failed stress test is seen in the UI and decides nothing, so that it stops nothing.
    stress(plan, challenger, return_state=True)
    return verdict
