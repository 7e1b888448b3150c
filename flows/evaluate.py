"""Evaluate: a version against the champion, on the same test samples in the same run."""

from prefect import flow

from tasks.domain import load_domain
from tasks.evaluate import Contestant, Judged, Verdict, find_champion, refuse_champion
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
    plan = Plan(config, preprocess(config))
    verdict, judged = evaluate_version(plan, version)
    stress_version(plan, judged)
    return verdict


def evaluate_version(plan: Plan, version: int, parent: str | None = None) -> tuple[Verdict, Judged]:
    """The steps of `evaluate` that decide, and the challenger as it was judged."""
    rival = find_champion(plan.name)
    challenger = judge(plan, Contestant(version, "challenger", parent))
    holder = judge(plan, Contestant(rival, "champion", parent)) if rival else None
    return gate(plan, Pair(challenger, holder)), challenger


def stress_version(plan: Plan, judged: Judged) -> None:
    """The step that only reports, for after the decision: a failed one is seen in the UI and stops nothing."""
    stress(plan, judged, return_state=True)
