"""Promote: put a version that the gate let pass into production, if those agree who have to."""

from prefect import flow

from registry.gate.config import ApprovalConfig
from registry.store.verdicts import Verdict
from tasks.domain import load_domain
from tasks.judging.approval import approval_needed, ask_approval, hold
from tasks.judging.promote import Promotion, check_decision, read_verdict, standing
from tasks.judging.promote import promote as promote_version


@flow(name="promote", flow_run_name="promote {domain} v{version}")
def promote(domain: str, version: int, reason: str = "") -> Promotion:
    """Acts on the recorded decision of the gate; only a reason brings back a version that is in quarantine.

    It needs no lock and waits for no training: the ledger refuses it if the champion changes meanwhile.
    """
    config, why, deliberate = load_domain(domain), reason or "asked for", bool(reason)
    verdict = read_verdict(domain, version)
    if (already := standing(verdict)) is not None:
        return already
    check_decision(config, verdict)
    demand = approval_needed(verdict, config.gate)
    if demand is None:
        return promote_version(verdict, why, deliberate=deliberate)
    return promote_approved(verdict, demand, why, deliberate=deliberate)


def promote_approved(verdict: Verdict, demand: ApprovalConfig, reason: str, *, deliberate: bool = False) -> Promotion:
    """The last steps where a person has to agree; call it without the domain's lock: nothing waits a day for them."""
    answer = ask_approval(verdict, demand)
    if not answer.granted:
        return hold(verdict, answer.reason)
    check_decision(load_domain(verdict.domain), verdict)  # a day may have gone by
    return promote_version(verdict, reason, deliberate=deliberate, approval=answer.text)
