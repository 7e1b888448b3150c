"""Evaluate: a version against the champion, on the same test samples in the same run."""

from prefect import flow

from flows.config import Domain, load_domain
from tasks.evaluate import Verdict, find_champion, refuse_champion
from tasks.evaluate import evaluate as judge
from tasks.gate import gate
from tasks.prepare import Prepared, preprocess
from tasks.stress import stress


@flow(name="evaluate", flow_run_name="evaluate {domain} v{version}")
def evaluate(domain: str, version: int) -> Verdict:
    """Judges a version on the present test split and lets the gate decide."""
    config = load_domain(domain)
    refuse_champion(domain, version)
    return evaluate_version(config, version, preprocess(config.root, domain))


def evaluate_version(config: Domain, version: int, prepared: Prepared, parent: str | None = None) -> Verdict:
    """The steps of `evaluate`."""
    name, data, rule, slices = config.name, config.data, config.gate, config.evaluation
    rival = find_champion(name)
    challenger = judge(name, version, "challenger", data, rule, slices, prepared, parent)
    holder = judge(name, rival, "champion", data, rule, slices, prepared, parent) if rival else None
    verdict = gate(challenger, holder, rule, prepared)
    # A failed stress test is seen in the UI and decides nothing, so that it stops nothing.
    stress(challenger, data, rule, config.stress, prepared, return_state=True)
    return verdict
