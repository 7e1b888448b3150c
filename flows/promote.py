"""Promote: put a version that the gate let pass into production."""

from prefect import flow

from data.locks import domain_lock
from flows.config import load_domain
from tasks.promote import Promotion, read_verdict
from tasks.promote import promote as promote_version


@flow(name="promote", flow_run_name="promote {domain} v{version}")
def promote(domain: str, version: int, reason: str = "asked for") -> Promotion:
    """Acts on the recorded decision of the gate; HOLD and REJECT change nothing."""
    config = load_domain(domain)
    with domain_lock(config.home, domain, "promote"):
        return promote_version(read_verdict(domain, version), reason, deliberate=True)
