"""Rollback: return to a version that was in production before."""

from prefect import flow

from data.stores.locks import domain_lock
from tasks.domain import load_domain
from tasks.promote import Promotion, find_target
from tasks.promote import rollback as roll_back


@flow(name="rollback", flow_run_name="roll back {domain}")
def rollback(domain: str, reason: str, to: int | None = None) -> Promotion:
    """Returns to the previous version, or to `to`."""
    config = load_domain(domain)
    with domain_lock(config.home, domain, "rollback"):
        return roll_back(domain, find_target(domain, to), reason)
