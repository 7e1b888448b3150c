"""Audit: near-duplicates, label noise and planted samples in a domain's present data."""

from prefect import flow

from registry.ledger.leases import domain_lease
from registry.store.tracking import settled
from tasks.domain import load_domain
from tasks.making.audit import AuditReport, open_audit_run
from tasks.making.audit import audit as audit_samples
from tasks.making.prepare import embed, preprocess
from tasks.plan import Plan


@flow(name="audit", flow_run_name="audit {domain}")
def audit(domain: str) -> AuditReport:
    """Audits the prepared data of a domain; nothing that it finds changes them."""
    config = load_domain(domain)
    with domain_lease(domain, "audit"):
        plan = Plan(config, preprocess(config))
        embed(plan)
        with settled(open_audit_run(plan)) as run_id:
            return audit_samples(plan, run_id)
