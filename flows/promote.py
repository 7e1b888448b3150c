"""Promote: put a version that the gate let pass into production, if those agree who have to."""

from prefect import flow

from data.stores.locks import domain_lock
from registry.gate.config import ApprovalConfig
from tasks.approval import approval_needed, ask_approval, hold
from tasks.domain import Domain, load_domain
from tasks.evaluate import Verdict
from tasks.promote import Promotion, read_verdict
from tasks.promote import promote as promote_version

LONGEST_STEP = 3600.0  # seconds; who has waited for a person's answer also waits for another flow of the domain


@flow(name="promote", flow_run_name="promote {domain} v{version}")
def promote(domain: str, version: int, reason: str = "") -> Promotion:
    """Acts on the recorded decision of the gate; only a reason brings back a version that is in quarantine."""
    config, why, deliberate = load_domain(domain), reason or "asked for", bool(reason)
    with domain_lock(config.home, domain, "promote"):
        verdict = read_verdict(domain, version)
        demand = approval_needed(verdict, config.gate)
        if demand is None:
            return promote_version(verdict, why, deliberate=deliberate)
    return promote_approved(config, verdict, demand, why, deliberate=deliberate)


def promote_approved(
    config: Domain, verdict: Verdict, demand: ApprovalConfig, reason: str, *, deliberate: bool = False
) -> Promotion:
    """The last steps where a person has to agree.

    Call it without the domain's lock: nothing waits a day for a person, and if the champion changes meanwhile, the
    ledger refuses the promotion.
    """
    answer = ask_approval(verdict, demand)
    if not answer.granted:
        return hold(verdict, answer.reason)
    with domain_lock(config.home, config.name, "promote", LONGEST_STEP):
        return promote_version(verdict, reason, deliberate=deliberate, approval=answer.text)
