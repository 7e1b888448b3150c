"""Audit: near-duplicates, label noise and planted samples in a domain's present data."""

from prefect import flow

from data.stores.locks import domain_lock
from flows.config import Domain, load_domain
from registry.store.tracking import settled
from tasks.audit import AuditReport, open_audit_run
from tasks.audit import audit as audit_samples
from tasks.prepare import Prepared, embed, preprocess


@flow(name="audit", flow_run_name="audit {domain}")
def audit(domain: str) -> AuditReport:
    """Audits the prepared data of a domain; nothing that it finds changes them."""
    config = load_domain(domain)
    with domain_lock(config.home, domain, "audit"):
        return audit_data(config, preprocess(config.root, domain))


def audit_data(config: Domain, prepared: Prepared) -> AuditReport:
    """The steps of `audit`."""
    root, name, data, training = config.root, config.name, config.data, config.training
    embed(root, name, data, training.backbone, prepared)
    with settled(open_audit_run(root, name, training, prepared)) as run_id:
        return audit_samples(root, name, data, training, prepared, run_id)
